"""Password hashes of a demonstration on one machine."""

from django.contrib.auth.hashers import ScryptPasswordHasher


class OneLaneScrypt(ScryptPasswordHasher):
    """scrypt with a fifth of the usual work: loading the demo proves some fifty passwords.

    All are the same one, random and of 79 bits, which no amount of work makes safer.
    """

    parallelism = 1
