# As much of a flake as the simulated tools look at.
{
  outputs = _: { };
}
