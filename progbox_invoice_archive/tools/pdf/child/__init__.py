"""What runs in the child process, which opens the foreign files.

It imports nothing from outside of this folder but libraries.
"""
