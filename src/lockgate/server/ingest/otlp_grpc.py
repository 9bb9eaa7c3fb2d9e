"""OTLP over gRPC: the ``Export`` of the services for logs, traces and metrics.

https://opentelemetry.io/docs/specs/otlp/#otlpgrpc. Needs what ``lockgate[otlp]`` adds. Who exports shows a token in the
metadata ``authorization``; UNAVAILABLE says that the same export may be sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockgate.errors import SourceError, StoreError
from lockgate.server.access import INGEST, Person, StrangerError
from lockgate.server.asgi import TooLargeError
from lockgate.server.ingest.door import RefusedError
from lockgate.server.ingest.otlp import MOST, export
from lockgate.server.ingest.syslog import bound
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.server.mounts import Authenticate, known
from lockgate.server.tls.reload import Pair

_SERVICES = {"logs": "logs.v1.LogsService", "traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService"}
_END = 5.0
"""Seconds for exports that are being kept when the server ends."""


class OtlpListener:
    """Listens on one address."""

    origin = "otlp/grpc"

    def __init__(
        self, taker: Taker, address: tuple[str, int], authenticate: Authenticate, *,
        anonymous: Person | None = None, pair: Pair | None = None,
    ) -> None:  # fmt: skip
        """``pair``: the certificate; without one nothing is encrypted. Raises :class:`SourceError` without packages."""
        try:
            import grpc.aio
        except ImportError:
            raise SourceError("gRPC needs what lockgate[otlp] adds", where=f"{address[0]}:{address[1]}",
                              hint="pip install 'lockgate[otlp]'") from None  # fmt: skip
        if address[1]:
            bound(address, udp=False).close()  # that it is in use is to be told before anything is served
        self._grpc = grpc
        self._taker, self._address, self._pair = taker, address, pair
        self._authenticate, self._anonymous = authenticate, anonymous
        self._server: Any = None
        self.port = address[1]

    async def start(self) -> None:
        """Begin to listen. Raises :class:`SourceError` where the address cannot be had."""
        grpc = self._grpc
        self._server = grpc.aio.server(
            options=[("grpc.max_receive_message_length", MOST), ("grpc.so_reuseport", 0)], maximum_concurrent_rpcs=500
        )
        for signal, name in _SERVICES.items():
            handler = grpc.unary_unary_rpc_method_handler(self._exporting(signal))
            service = f"opentelemetry.proto.collector.{name}"
            self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"Export": handler})])
        where = f"{self._address[0]}:{self._address[1]}"
        try:
            if self._pair is None:
                self.port = self._server.add_insecure_port(where)
            else:
                parts = [(self._pair.key.read_bytes(), self._pair.certificate.read_bytes())]
                self.port = self._server.add_secure_port(where, grpc.ssl_server_credentials(parts))
        except (RuntimeError, OSError, ValueError) as error:
            raise SourceError(f"cannot listen for gRPC: {error}", where=where, hint="choose another address") from None
        await self._server.start()

    async def stop(self) -> None:
        """Take no more; what is being kept is kept."""
        if self._server is not None:
            await self._server.stop(_END)

    def _exporting(self, signal: str) -> Callable[[bytes, Any], Any]:
        code = self._grpc.StatusCode

        async def export_one(request: bytes, context: Any) -> bytes:
            person = await self._person(context)
            if person is None:
                await context.abort(code.UNAUTHENTICATED, "a token is needed that this server knows")
            elif INGEST not in person.rights:
                await context.abort(code.PERMISSION_DENIED, f"{person.name} has not the right '{INGEST}'")
            else:
                try:
                    await export(self._taker, signal, request, json=False, origin=f"otlp/{person.name}")
                except (RefusedError, TooLargeError) as error:
                    await context.abort(code.INVALID_ARGUMENT, str(error))
                except (BusyError, StoreError) as error:
                    await context.abort(code.UNAVAILABLE, str(error) or "more rows wait than can be taken in")
            return b""

        return export_one

    async def _person(self, context: Any) -> Person | None:
        shown = next((str(value) for key, value in context.invocation_metadata() if key == "authorization"), "")
        try:
            return await known(self._authenticate, shown, self._anonymous)
        except StrangerError as error:
            code = self._grpc.StatusCode
            codes = {401: code.UNAUTHENTICATED, 403: code.PERMISSION_DENIED}
            await context.abort(codes.get(error.status, code.UNAVAILABLE), str(error))
            return None
