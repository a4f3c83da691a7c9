"""What every page and every API route goes through: request ids, access, errors, headers, limits."""
