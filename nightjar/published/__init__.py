"""Readers of published weights in their authors' formats, without their authors' software.

Arrays are read as plain numbers; nothing in a file is executed or unpickled.
"""
