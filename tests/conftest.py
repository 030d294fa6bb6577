"""How all tests run: no example is timed, because a busy machine is no fault of the code, and a process has one core.

Trees are boosted by OpenMP, whose threads wait for each other in a loop. Where several processes of tests share the
cores, each with a thread for every one, they wait for minutes; how many threads there are changes no bit of a model.
"""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
