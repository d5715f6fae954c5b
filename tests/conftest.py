"""For every test: how long an example takes is the machine's matter, not the test's."""

from hypothesis import settings

settings.register_profile("lensmill", deadline=None)
settings.load_profile("lensmill")
