"""What every page and API route goes through: request ids, access, errors, headers, limits."""
