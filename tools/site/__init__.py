"""The documentation's site, made from ``docs/``, ``rules/`` and ``README.md``.

On a forge these files are read as they are. Here they become pages for Zensical: links lead to
pages of the site, or to the repository, and each rule's page shows its facts and its proof.
"""
