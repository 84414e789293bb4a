"""How the service opens its sockets."""

import asyncio
import socket

from daemon.service import _bind


async def nodelay() -> int:
    served: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.set_result(writer)

    async with await asyncio.start_server(connected, sock=_bind("127.0.0.1:0")) as server:
        _, client = await asyncio.open_connection(*server.sockets[0].getsockname())
        ours = await served
        delay: int = ours.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (ours, client):
            writer.close()
            await writer.wait_closed()
    return delay


def test_an_answer_of_several_lines_is_not_held_back_until_the_client_acknowledges_the_first() -> None:
    # asyncio turns Nagle's algorithm off only on sockets that name their protocol: an EHLO took 44 ms on the loopback.
    assert asyncio.run(nodelay())
