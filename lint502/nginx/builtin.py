"""The variables that nginx itself has. Source: https://nginx.org/en/docs/varindex.html."""

from __future__ import annotations

_WORDS = """
    acme_certificate acme_certificate_key ancient_browser args binary_remote_addr body_bytes_sent
    bytes_received bytes_sent connection connection_requests connection_time
    connections_active connections_reading connections_waiting connections_writing content_length
    content_type date_gmt date_local document_root document_uri fastcgi_path_info
    fastcgi_script_name geoip_area_code geoip_city geoip_city_continent_code
    geoip_city_country_code geoip_city_country_code3 geoip_city_country_name geoip_country_code
    geoip_country_code3 geoip_country_name geoip_dma_code geoip_latitude geoip_longitude geoip_org
    geoip_postal_code geoip_region geoip_region_name gzip_ratio host hostname http2 http3 https
    invalid_referer is_args is_request_port limit_conn_status limit_rate limit_req_status
    memcached_key modern_browser msec msie nginx_version pid pipe protocol
    proxy_add_x_forwarded_for proxy_host proxy_internal_body_length proxy_port
    proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port
    query_string realip_remote_addr realip_remote_port realpath_root remote_addr remote_port
    remote_user request request_body request_body_file request_completion request_filename
    request_id request_length request_method request_port request_time request_uri scheme
    secure_link secure_link_expires server_addr server_name server_port server_protocol
    session_log_binary_id session_log_id session_time slice_range spdy
    spdy_request_priority status tcpinfo_rcv_space tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd
    time_iso8601 time_local uid_got uid_reset uid_set upstream_addr upstream_bytes_received
    upstream_bytes_sent upstream_cache_last_modified upstream_cache_status upstream_connect_time
    upstream_first_byte_time upstream_header_time upstream_last_server_name upstream_queue_time
    upstream_response_length upstream_response_time upstream_session_time upstream_status uri
    userid_got userid_set
"""
_NAMES = frozenset(_WORDS.split())
_PREFIXES = (
    "arg_", "cookie_", "http_", "jwt_", "mqtt_preread_", "otel_", "proxy_protocol_tlv_",
    "sent_http_", "sent_trailer_", "ssl_", "tcpinfo_", "upstream_cookie_", "upstream_http_",
    "upstream_trailer_",
)  # fmt: skip


def is_builtin(name: str) -> bool:
    """Whether nginx has a variable of this name, in whatever letters; of those that are named
    after a header and the like, only by their first part: see :func:`is_open`."""
    return name.lower() in _NAMES or is_open(name)


def is_open(name: str) -> bool:
    """Whether a name is one of a family that has members without end, such as ``$http_…``."""
    return name.lower().startswith(_PREFIXES)
