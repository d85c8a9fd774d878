"""Commands of ``python -m nightjar``: one module each, found by its name.

A command is a module of this package with

* ``HELP``: one line for the list of commands,
* ``add_arguments(parser)``: its arguments,
* ``run(args)``: what it does; bad input raises `nightjar.errors.InputError`.

``import_astromer`` is called as ``import-astromer``.  The list of commands imports every module, so
torch and other slow packages are imported inside ``run``.
"""
