"""The prompts of the search agent."""

from lensmill.agents.prompts import Prompts

PROMPTS = Prompts("lensmill.agents.search")
