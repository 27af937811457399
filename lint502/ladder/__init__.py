"""The ladder of one request: all that counts on its way through nginx, and what fails first."""
