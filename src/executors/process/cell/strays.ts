import { readdirSync } from 'node:fs'
import { statOf } from '../../process-identity.ts'
import type { Cgroups } from '../cgroup/cgroup.ts'
import { markerOf } from '../kill-leftovers.ts'
import { monotonicMs } from './reactor.ts'
import type { Run } from './run.ts'
import { sys, WNOHANG } from './syscalls.ts'

/** What a sweep may cost of the cell's time: one part in this many. */
const SHARE = 10

/**
 * Finds and kills what programs without sandbox and control group leave behind: processes that left their parent,
 * their group and their session. As a subreaper the cell inherits them.
 *
 * S1. A process belongs to the attempt named in its environment, else to the attempt whose session it is in.
 * S2. One that belongs to no known attempt dies when every run that was there when it was first seen has ended.
 */
export class Strays {
  readonly #cgroups: Cgroups | undefined
  readonly #runs: ReadonlyMap<string, Run>
  /** Pids that are the cell's own doing: roots of runs, checks, exec sessions. */
  readonly #own: (pid: number) => boolean
  #owners = new Map<number, string>()
  #unowned = new Map<number, number>()
  #killed = new Set<number>()
  #nextAt = 0
  #lastSerial = 0

  constructor(cgroups: Cgroups | undefined, runs: ReadonlyMap<string, Run>, own: (pid: number) => boolean) {
    this.#cgroups = cgroups
    this.#runs = runs
    this.#own = own
  }

  /** When the next sweep may be, on the monotonic clock. */
  get nextAt(): number {
    return this.#nextAt
  }

  /** Some that were killed have not been collected yet. */
  get waits(): boolean {
    return this.#killed.size > 0
  }

  /** One sweep; how many it killed. `ended` are attempts whose root is dead though they are still in the table. */
  sweep(ended: ReadonlySet<string>): number {
    const began = monotonicMs()
    const killed = this.#killStrays(ended)
    this.reap()
    const now = monotonicMs()
    this.#nextAt = now + (now - began) * SHARE
    return killed
  }

  /** Collects dead orphans. Roots of runs are left to their own watchers. */
  reap(): void {
    for (const pid of this.#killed) if (sys.wait4(pid, status, WNOHANG, null) !== 0) this.#killed.delete(pid)
    for (let pid = peek(); pid > 0 && !this.#own(pid); pid = peek()) sys.wait4(pid, status, WNOHANG, null)
  }

  #killStrays(ended: ReadonlySet<string>): number {
    const pids = (this.#cgroups?.strays() ?? descendants()).filter((pid) => pid !== process.pid && !this.#own(pid))
    const owners = new Map<number, string>()
    const unowned = new Map<number, number>()
    let killed = 0
    for (const pid of pids) {
      const owner = this.#owners.get(pid) ?? this.#ownerOf(pid)
      if (owner !== undefined && this.#runs.has(owner) && !ended.has(owner)) owners.set(pid, owner)
      else if (owner === undefined && !this.#isOverdue(pid, ended))
        unowned.set(pid, this.#unowned.get(pid) ?? this.#serial())
      else if (sys.kill(pid, 9) === 0) {
        this.#killed.add(pid)
        killed++
      }
    }
    this.#owners = owners
    this.#unowned = unowned
    return killed
  }

  #ownerOf(pid: number): string | undefined {
    const marked = markerOf(pid)
    if (marked !== undefined) return marked
    const session = statOf(pid)?.session
    for (const run of this.#runs.values()) if (run.pid === session) return run.attempt
    return undefined
  }

  /** S2: no run that is as old as the first sight of `pid` lives any more. */
  #isOverdue(pid: number, ended: ReadonlySet<string>): boolean {
    const since = this.#unowned.get(pid) ?? this.#serial()
    for (const run of this.#runs.values())
      if (run.serial <= since && !run.sandboxed && !ended.has(run.attempt)) return false
    return true
  }

  #serial(): number {
    for (const run of this.#runs.values()) if (run.serial > this.#lastSerial) this.#lastSerial = run.serial
    return this.#lastSerial
  }
}

const status = new Int32Array(1)
const info = new Uint8Array(128)
const infoView = new DataView(info.buffer)
const P_ALL = 0
const WEXITED = 4
const WNOWAIT = 0x01000000
/** siginfo_t of waitid(2) on 64 bits. */
const SI_PID = 16

/** A dead child that nobody has waited for, left where it is; 0 when there is none. */
function peek(): number {
  infoView.setInt32(SI_PID, 0, true)
  return sys.waitid(P_ALL, 0, info, WEXITED | WNOWAIT | WNOHANG) === 0 ? infoView.getInt32(SI_PID, true) : 0
}

/** All that descend from this process, where no control group lists them: the whole of /proc is read. */
function descendants(): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined
    if (stat === undefined || stat.state === 'Z') continue
    const siblings = children.get(stat.parent)
    if (siblings === undefined) children.set(stat.parent, [pid])
    else siblings.push(pid)
  }
  const found: number[] = []
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      found.push(child)
      visit(child)
    }
  }
  visit(process.pid)
  return found
}
