import { errno, O_CLOEXEC, O_NONBLOCK, sys } from './syscalls.ts'

const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const BACKLOG = 128

/**
 * A socket on the host's port at this IPv4 address, listening where it is TCP; port 0 takes any free one. Minus errno when
 * it cannot be had. Closed on exec.
 */
export function bindHostPort(
  host: string,
  port: number,
  protocol: 'tcp' | 'udp',
): { readonly fd: number; readonly port: number } {
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM
  const fd = sys.socket(AF_INET, type | O_CLOEXEC | O_NONBLOCK, 0)
  if (fd < 0) return { fd: -errno(), port }
  // A port whose last connections are in TIME_WAIT is free. Not for UDP: there it would share a port in use.
  if (protocol === 'tcp') sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4)
  const address = Buffer.alloc(16)
  address.writeUInt16LE(AF_INET, 0)
  address.writeUInt16BE(port, 2)
  address.set(host.split('.').map(Number), 4)
  if (sys.bind(fd, address, address.length) < 0 || (protocol === 'tcp' && sys.listen(fd, BACKLOG) < 0)) {
    const problem = -errno()
    sys.close(fd)
    return { fd: problem, port }
  }
  sys.getsockname(fd, address, Uint32Array.of(address.length))
  return { fd, port: address.readUInt16BE(2) }
}
