import type { BoundPort } from '../../../core/execution.ts'
import type { Work } from '../../../core/ports/executor.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { HostFacts } from '../host-facts.ts'
import { bindHostPort } from './host-ports.ts'
import { INSIDE_ADDRESS, NetworkHosts } from './network-hosts.ts'
import { DEFAULT_PATH } from './program-plan.ts'
import type { Reactor, Ready } from './reactor.ts'
import { spawn } from './spawn.ts'
import { dupAbove, E, pidfdOpen, pipe, socketPair, sys } from './syscalls.ts'

export interface PrivateNetworkParts {
  readonly host: HostFacts
  readonly cell: string
  readonly reactor: Reactor
  /** Pids that the cell watches: not strays. */
  readonly roots: Set<number>
  readonly devNull: number
  /** For hosts files. */
  readonly directory: string
  /** IPv4 address of the host that ports are bound at. */
  readonly publishAddress: string
  /** Ports of the host's loopback that can be reached at the same port of the loopback inside. */
  readonly offers: readonly number[]
}

/** A step's part in a private network. */
export interface Membership {
  /** Goes before bubblewrap: joins the network, once it is connected; `pass` numbers a descriptor for the child. */
  joinArgv(pass: (fd: number) => string): readonly string[]
  /** Pid of the process that holds the network. */
  readonly holder: number
  /** Shown as /etc/hosts. */
  readonly hosts: string
  readonly ports: readonly BoundPort[]
  /** Frees its ports, on the host and inside. Idempotent. */
  leave(): void
}

const SIGKILL = 9
const FIRST_FREE_FD = 16
const status = new Int32Array(1)

/**
 * One allocation's network: a namespace, pasta that leads out of it, and a relay for each step with ports.
 *
 * N1. The holder keeps the namespace; pasta is its child. Both end with the holder's socket, so with the cell.
 * N2. No step runs before pasta has said that it is connected, or has ended: then the network leads nowhere.
 * N3. A host port is bound before its step starts and free again before the step's exit is told.
 * N4. One step at a time has a port inside.
 */
export class PrivateNetwork implements Ready {
  readonly #parts: PrivateNetworkParts
  readonly #hosts: NetworkHosts
  readonly #holder: number
  readonly #pidfd: number
  readonly #control: number
  /** Can be read once pasta is ready; never read. */
  readonly #ready: number
  readonly #inner = new Map<string, string>()
  #members = 0
  #left = false

  constructor(parts: PrivateNetworkParts) {
    this.#parts = parts
    this.#hosts = new NetworkHosts(parts.directory)
    const { ours, theirs } = socketPair()
    const ready = pipe()
    const passed = [dupAbove(theirs, FIRST_FREE_FD), dupAbove(ready.writeEnd, FIRST_FREE_FD)]
    const { devNull } = parts
    const argv = holderArgv(parts.host, parts.offers)
    this.#holder = spawn({
      path: argv[0]!,
      argv,
      env: environmentOf(parts),
      fds: [devNull, devNull, devNull, ...passed],
    })
    for (const fd of [theirs, ready.writeEnd, ...passed]) sys.close(fd)
    this.#control = ours
    this.#ready = ready.readEnd
    if (this.#holder < 0) {
      for (const fd of [ours, ready.readEnd]) sys.close(fd)
      throw new Error(`a private network could not be made: errno ${-this.#holder}`)
    }
    this.#pidfd = pidfdOpen(this.#holder)
    parts.roots.add(this.#holder)
  }

  get members(): number {
    return this.#members
  }

  /** A refusal when one of its ports is taken, on the host or by another step. */
  join(attempt: string, work: Work): Membership | { readonly refusal: Reason } {
    const clash = this.#clash(work)
    if (clash !== undefined) return { refusal: clash }
    const bound = bindAll(work, this.#parts.publishAddress)
    if ('refusal' in bound) return bound
    const keys = bound.ports.map(keyOf)
    for (const key of keys) this.#inner.set(key, work.step)
    const relay = bound.fds.length === 0 ? undefined : this.#relay(attempt, bound.fds, bound.ports)
    for (const fd of bound.fds) sys.close(fd)
    this.#members++
    let left = false
    return {
      holder: this.#holder,
      hosts: this.#hosts.add(attempt, work.step, work.run.network!),
      ports: bound.ports,
      joinArgv: (pass) => this.#joinArgv(pass),
      leave: () => {
        if (left) return
        left = true
        this.#members--
        for (const key of keys) this.#inner.delete(key)
        if (relay !== undefined) this.#endRelay(relay)
      },
    }
  }

  /** Ends pasta, the holder and with them the namespace; the kernel takes some moments to let go of it. */
  end(): void {
    if (this.#left) return
    this.#left = true
    this.#hosts.remove()
    this.#parts.reactor.watch(this.#pidfd, this)
    // The launcher kills pasta and itself.
    sys.write(this.#control, Uint8Array.of(SIGKILL), 1)
    sys.close(this.#control)
    sys.close(this.#ready)
  }

  /** The holder has ended. */
  ready(): void {
    this.#parts.reactor.forget(this.#pidfd)
    sys.close(this.#pidfd)
    sys.wait4(this.#holder, status, 0, null)
    this.#parts.roots.delete(this.#holder)
  }

  #joinArgv(pass: (fd: number) => string): readonly string[] {
    const await_ = pass(dupAbove(this.#ready, FIRST_FREE_FD))
    return [this.#parts.host.launcher!, '--await', await_, '--join', String(this.#holder), '--']
  }

  #clash(work: Work): Reason | undefined {
    const wanted = (work.run.ports ?? []).map(keyOf)
    const twice = wanted.find((key, i) => wanted.indexOf(key) !== i)
    if (twice !== undefined) return reason('port_unavailable', `the step names port ${twice} more than once`)
    const taken = wanted.find((key) => this.#inner.has(key))
    if (taken === undefined) return undefined
    const message = `step ${this.#inner.get(taken)} has port ${taken} in the private network that the steps of an execution share`
    return reason('port_unavailable', message, { port: taken, step: this.#inner.get(taken)! })
  }

  #relay(attempt: string, sockets: readonly number[], ports: readonly BoundPort[]): Relay {
    const { host, devNull, roots } = this.#parts
    const { ours, theirs } = socketPair()
    const fds = [theirs, this.#ready, ...sockets].map((fd) => dupAbove(fd, FIRST_FREE_FD))
    const argv = [
      host.network!.relay,
      ...['--control', '3', '--await', '4', '--join', String(this.#holder)],
      ...(host.uid === 0 ? ['--user', '65534:65534'] : []),
      ...ports.flatMap(({ port, protocol }, i) => [`--${protocol}`, `${5 + i}:${port}`]),
    ]
    const env = [...environmentOf(this.#parts), `TASKPORT_ATTEMPT=${attempt}`]
    const pid = spawn({ path: argv[0]!, argv, env, fds: [devNull, devNull, devNull, ...fds] })
    for (const fd of [theirs, ...fds]) sys.close(fd)
    if (pid >= 0) roots.add(pid)
    return { pid, control: ours }
  }

  /** N3: waits for its end, which takes no more than closing its sockets. */
  #endRelay(relay: Relay): void {
    sys.close(relay.control)
    if (relay.pid < 0) return
    sys.kill(relay.pid, SIGKILL)
    sys.wait4(relay.pid, status, 0, null)
    this.#parts.roots.delete(relay.pid)
  }
}

interface Relay {
  readonly pid: number
  readonly control: number
}

const keyOf = ({ port, protocol }: { readonly port: number; readonly protocol: string }): string =>
  `${port}/${protocol}`

/** Found in the environment of what a dead cell has left. */
const environmentOf = ({ cell }: PrivateNetworkParts): string[] => [`PATH=${DEFAULT_PATH}`, `TASKPORT_CELL=${cell}`]

/**
 * Without `--no-map-gw` the gateway's address would be the host's loopback, with its `auto` defaults every port of one
 * loopback would be the other's: what is not offered stays out of reach.
 */
function holderArgv(host: HostFacts, offers: readonly number[]): readonly string[] {
  const { uid, gid } = host.network!
  return [
    host.launcher!,
    ...['--control', '3', '--lend', '4', '--network', `${uid}:${gid}`],
    ...(host.uid === 0 && uid !== 0 ? ['--user', `${uid}:${gid}`] : []),
    ...['--', host.pasta!, '--foreground', '--quiet', '--ipv4-only', '--config-net', '--no-map-gw'],
    ...['-t', 'none', '-u', 'none', '-T', offers.length === 0 ? 'none' : offers.join(','), '-U', 'none'],
    ...['-a', INSIDE_ADDRESS, '-n', '30', '-g', '198.19.0.1', '-I', 'eth0', '-P', '/proc/self/fd/4'],
    ...(uid === 0 ? ['--runas', '0'] : ['--userns', '@user']),
    ...['--netns', '@net'],
  ]
}

function bindAll(
  work: Work,
  hostAddress: string,
): { readonly fds: readonly number[]; readonly ports: readonly BoundPort[] } | { readonly refusal: Reason } {
  const fds: number[] = []
  const ports: BoundPort[] = []
  for (const [i, { name, port, hostPort, protocol }] of (work.run.ports ?? []).entries()) {
    const wanted = work.hostPorts[i] ?? hostPort ?? 0
    const bound = bindHostPort(hostAddress, wanted, protocol)
    if (bound.fd < 0) {
      for (const fd of fds) sys.close(fd)
      return { refusal: portProblem(wanted, protocol, -bound.fd) }
    }
    fds.push(bound.fd)
    ports.push({
      ...(name === undefined ? {} : { name }),
      port,
      hostPort: bound.port,
      hostAddress,
      protocol,
    })
  }
  return { fds, ports }
}

function portProblem(port: number, protocol: string, problem: number): Reason {
  const why =
    problem === E.EADDRINUSE ? 'is in use' : problem === E.EACCES ? 'is only for root' : `gave errno ${problem}`
  return reason('port_unavailable', `port ${port}/${protocol} of the host ${why}`, { port, protocol, errno: problem })
}
