"""What tests of agents, engines and clients need, and users of the library may: a scripted engine."""
