"""Writes what lint502 knows of nginx's directives and releases from nginx's own sources.

``python -m tools.from_nginx NGINX NGINX_ORG`` takes clones of https://github.com/nginx/nginx, with
its tags, and of https://github.com/nginx/nginx.org.
"""
