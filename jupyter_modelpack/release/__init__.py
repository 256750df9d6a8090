"""What a release is: versions and, later, environments, promotions and policy. Pure."""
