"""How PostgreSQL goes about statements of ours."""


def without_compiling(env):
    """Have the rest of the transaction's statements run as they are.

    Where many rules or tables stand in a statement, PostgreSQL thinks that it pays to
    compile it first (``jit``), which takes longer than to run it.
    """
    env.cr.execute("SET LOCAL jit = off")
