"""The one error that a user's input can cause."""


class InputError(ValueError):
    """Input that is not what it says.

    The message names the file, the column or key, the first offending row where there is one, and
    what to do.  Stages print it without a traceback.
    """
