"""Who signs in: providers of identity, workloads with tokens of their forge, and factors of our own.

``oidc`` and ``github`` are providers; ``workloads`` believes pipelines; ``belonging`` says what somebody is here;
``passkeys``, ``one_time`` and ``passwords`` are the factors of local accounts. What is kept stands in ``store.team``,
pages and API in ``server.console``. Access tokens of Entra for the query APIs are ``server.entra``'s.
"""
