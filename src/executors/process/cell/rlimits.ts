import type { RunSpec } from '../../../core/step-spec.ts'

/** Names as containers use them → numbers of setrlimit(2), the same on x86-64 and arm64. */
const RESOURCES: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
}

/** RLIM_INFINITY; what a spec says as -1. */
const INFINITY = '18446744073709551615'
/** What a login has by default; Node raises its own soft limit and a cell's programs should not inherit that. */
const NOFILE = { name: 'nofile', soft: 1024, hard: 524_288 }

type Ulimit = NonNullable<RunSpec['ulimits']>[number]

/** The launcher's options for these limits. Unknown names are left out: the registration of a step checks them. */
export function rlimitArgv(ulimits: readonly Ulimit[], hardNofile = NOFILE.hard): string[] {
  const nofile = { ...NOFILE, hard: Math.min(NOFILE.hard, hardNofile), soft: Math.min(NOFILE.soft, hardNofile) }
  const all = ulimits.some(({ name }) => name === 'nofile') ? ulimits : [nofile, ...ulimits]
  return all.flatMap(({ name, soft, hard }) => {
    const resource = RESOURCES[name.toLowerCase().replace(/^rlimit_/, '')]
    return resource === undefined ? [] : ['--rlimit', `${resource}:${textOf(soft)}:${textOf(hard)}`]
  })
}

const textOf = (limit: number): string => (limit < 0 ? INFINITY : String(Math.floor(limit)))
