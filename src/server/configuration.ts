import { isIPv4 } from 'node:net'

/** What an operator can set. The flags of `taskport up` are made from this table; nothing else reads flags. */
export interface Configuration {
  readonly host: string
  readonly port: number
  readonly dataDirectory: string
  readonly executor: ExecutorChoice
  /** Address of a container engine; absent: DOCKER_HOST, else the usual socket. */
  readonly dockerHost?: string
  /** IPv4 address of this machine at which ports of containers and private networks are published. */
  readonly publishAddress: string
  /** Privileged containers, devices and dangerous capabilities. */
  readonly allowPrivileged: boolean
  readonly ephemeral: boolean
  readonly auth: 'dev' | 'strict'
  readonly requireSandbox: boolean
  readonly publicUrl?: string
  /** Development credentials on an address others can reach: only when said so. */
  readonly allowDevAuth: boolean
  /** Directories that steps may bind-mount from. */
  readonly allowBind: readonly string[]
  /** Directories that may serve as a step's root file system. */
  readonly allowRoot: readonly string[]
  /** May tasks with an image run as programs of this machine where there is no container engine? */
  readonly imageFallback: 'on' | 'off'
  /** `IMAGE=DIRECTORY`: what such programs see as their root file system. */
  readonly imageRoots: readonly string[]
  /** `BUCKET=DIRECTORY`: where `environmentFiles` of ECS tasks may come from. */
  readonly environmentFiles: readonly string[]
  /** Whether FARGATE sizes must be ones that AWS sells. */
  readonly fargateSizes: 'any' | 'checked'
  /** Which form Cloud Foundry's tasks have: `2016` always shows `environment_variables`. */
  readonly cfProfile: 'current' | '2016'
  /** Directories below which environments of `file://` may lie. */
  readonly workspaceRoots: readonly string[]
  /** CIDRs that webhooks, inputs and clones may reach although they are not public. */
  readonly allowAddress: readonly string[]
  /** The ffmpeg that media tasks run; ffprobe lies beside it. A name is searched in PATH. */
  readonly ffmpeg: string
  /** RPC API of an IPFS node (Kubo) that media are pinned at; absent: what asks for IPFS is refused. */
  readonly ipfsApi?: string
  /** Directories that transcoding may read from and write to, as buckets of `file://` endpoints. */
  readonly mediaRoots: readonly string[]
  /** Final executions are kept this long, ms. */
  readonly retentionMs: number
  /** Logs are kept this long, ms, and up to this size in all, bytes. */
  readonly logRetentionMs: number
  readonly logBytes: number
  /** `off`: programs run without a sandbox (benchmarks, trusted hosts). */
  readonly sandbox: 'on' | 'off'
  readonly cpuUnits?: number
  readonly memoryBytes?: number
  readonly slots?: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

const EXECUTOR_CHOICES = ['auto', 'process', 'docker', 'kubernetes', 'scripted'] as const
export type ExecutorChoice = (typeof EXECUTOR_CHOICES)[number]

const DAY_MS = 86_400_000
const GIB = 1024 ** 3

export const DEFAULT_CONFIGURATION: Configuration = {
  host: '127.0.0.1',
  port: 7400,
  dataDirectory: './.taskport',
  executor: 'auto',
  ephemeral: false,
  auth: 'dev',
  requireSandbox: false,
  allowDevAuth: false,
  publishAddress: '127.0.0.1',
  allowPrivileged: false,
  allowBind: [],
  allowRoot: [],
  workspaceRoots: [],
  allowAddress: [],
  ffmpeg: 'ffmpeg',
  mediaRoots: [],
  imageFallback: 'on',
  imageRoots: [],
  environmentFiles: [],
  fargateSizes: 'any',
  cfProfile: 'current',
  retentionMs: 30 * DAY_MS,
  logRetentionMs: 30 * DAY_MS,
  logBytes: 20 * GIB,
  sandbox: 'on',
  logLevel: 'warn',
}

/** One flag of `taskport up`. */
export interface Flag {
  readonly flag: string
  readonly key: keyof Configuration
  readonly kind: 'text' | 'number' | 'switch' | 'list' | 'duration' | 'size' | 'cores'
  readonly choices?: readonly string[]
  readonly help: string
}

export const FLAGS: readonly Flag[] = [
  { flag: '--host <address>', key: 'host', kind: 'text', help: 'address to listen on' },
  { flag: '--port <port>', key: 'port', kind: 'number', help: 'port to listen on; 0: any free one' },
  { flag: '--data-dir <dir>', key: 'dataDirectory', kind: 'text', help: 'where everything is kept' },
  { flag: '--executor <kind>', key: 'executor', kind: 'text', choices: EXECUTOR_CHOICES, help: 'what runs tasks' },
  {
    flag: '--docker-host <url>',
    key: 'dockerHost',
    kind: 'text',
    help: 'container engine: unix:///path or tcp://host:port, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH for TLS (default: DOCKER_HOST, else the usual socket)',
  },
  {
    flag: '--publish-address <address>',
    key: 'publishAddress',
    kind: 'text',
    help: 'IPv4 address that published ports of containers and private networks listen on; 0.0.0.0: all',
  },
  {
    flag: '--allow-privileged',
    key: 'allowPrivileged',
    kind: 'switch',
    help: 'allow privileged containers, devices and dangerous capabilities: root on this machine',
  },
  { flag: '--ephemeral', key: 'ephemeral', kind: 'switch', help: 'end every task with the server; allows reset' },
  { flag: '--auth <mode>', key: 'auth', kind: 'text', choices: ['dev', 'strict'], help: 'dev takes any AWS key' },
  {
    flag: '--require-sandbox',
    key: 'requireSandbox',
    kind: 'switch',
    help: 'refuse to start where limits are not enforced',
  },
  { flag: '--public-url <url>', key: 'publicUrl', kind: 'text', help: 'base of absolute links' },
  {
    flag: '--allow-dev-auth',
    key: 'allowDevAuth',
    kind: 'switch',
    help: 'allow --auth dev on an address that others reach',
  },
  {
    flag: '--allow-bind <dir>',
    key: 'allowBind',
    kind: 'list',
    help: 'directory that steps may mount from (repeatable)',
  },
  {
    flag: '--allow-root <dir>',
    key: 'allowRoot',
    kind: 'list',
    help: 'directory that may be a step’s root (repeatable)',
  },
  {
    flag: '--workspace-root <dir>',
    key: 'workspaceRoots',
    kind: 'list',
    help: 'directory that environments may use in place (repeatable)',
  },
  {
    flag: '--allow-address <cidr>',
    key: 'allowAddress',
    kind: 'list',
    help: 'private addresses that webhooks, media inputs and git clones may reach (repeatable)',
  },
  {
    flag: '--image-fallback <mode>',
    key: 'imageFallback',
    kind: 'text',
    choices: ['on', 'off'],
    help: 'without a container engine, run tasks with an image as programs',
  },
  {
    flag: '--image-root <image=dir>',
    key: 'imageRoots',
    kind: 'list',
    help: 'root file system in place of an image (repeatable)',
  },
  {
    flag: '--environment-files <bucket=dir>',
    key: 'environmentFiles',
    kind: 'list',
    help: 'where ECS environment files come from (repeatable)',
  },
  {
    flag: '--fargate-sizes <mode>',
    key: 'fargateSizes',
    kind: 'text',
    choices: ['any', 'checked'],
    help: 'checked: only sizes that AWS sells',
  },
  {
    flag: '--cf-profile <profile>',
    key: 'cfProfile',
    kind: 'text',
    choices: ['current', '2016'],
    help: '2016: Cloud Foundry tasks always show environment_variables',
  },
  { flag: '--ffmpeg <path>', key: 'ffmpeg', kind: 'text', help: 'the ffmpeg of media tasks, ffprobe beside it' },
  { flag: '--ipfs-api <url>', key: 'ipfsApi', kind: 'text', help: 'IPFS node (Kubo RPC) that exports are pinned at' },
  {
    flag: '--media-root <dir>',
    key: 'mediaRoots',
    kind: 'list',
    help: 'directory that transcoding may read and write (repeatable)',
  },
  { flag: '--retention <duration>', key: 'retentionMs', kind: 'duration', help: 'keep ended executions this long' },
  { flag: '--log-retention <duration>', key: 'logRetentionMs', kind: 'duration', help: 'keep logs this long' },
  { flag: '--log-bytes <size>', key: 'logBytes', kind: 'size', help: 'keep logs up to this size in all' },
  {
    flag: '--sandbox <mode>',
    key: 'sandbox',
    kind: 'text',
    choices: ['on', 'off'],
    help: 'off: run programs without a sandbox',
  },
  { flag: '--cpu <cores>', key: 'cpuUnits', kind: 'cores', help: 'CPU this machine offers to tasks' },
  { flag: '--memory <size>', key: 'memoryBytes', kind: 'size', help: 'memory this machine offers to tasks' },
  { flag: '--slots <number>', key: 'slots', kind: 'number', help: 'executions at once, at most' },
  {
    flag: '--log-level <level>',
    key: 'logLevel',
    kind: 'text',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    help: 'what the server says of itself',
  },
]

/** `NAME=VALUE` flags as a record; the last of a name counts. */
export const pairsOf = (flags: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(flags.map((f) => [f.slice(0, f.lastIndexOf('=')), f.slice(f.lastIndexOf('=') + 1)]))

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost|\[::1\])$/

const MAX_PORT = 65_535

/** What is wrong with a configuration, with what to do about it; undefined when it is fine. */
export function problemWith(c: Configuration): string | undefined {
  if (c.executor === 'kubernetes') return 'the kubernetes executor does not exist yet: use --executor auto'
  if (!LOOPBACK.test(c.host) && c.auth === 'dev' && !c.allowDevAuth)
    return `with --auth dev anyone who reaches ${c.host} could run programs here: use --auth strict, or --allow-dev-auth if you mean it`
  if (!isIPv4(c.publishAddress)) return `--publish-address ${c.publishAddress}: it is no IPv4 address of this machine`
  if (c.port > MAX_PORT) return `--port ${c.port}: ports end at ${MAX_PORT}`
  for (const [flag, room] of [
    ['--cpu', c.cpuUnits],
    ['--memory', c.memoryBytes],
    ['--slots', c.slots],
  ] as const)
    if (room !== undefined && room <= 0) return `${flag}: a machine that offers nothing runs nothing`
  for (const [flag, url] of [
    ['--public-url', c.publicUrl],
    ['--ipfs-api', c.ipfsApi],
  ] as const)
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      return `${flag} ${url}: it is no http:// or https:// address`
  for (const [flag, values] of [
    ['--image-root', c.imageRoots],
    ['--environment-files', c.environmentFiles],
  ] as const)
    for (const value of values) if (!/^[^=].*=./.test(value)) return `${flag} ${value}: it is NAME=DIRECTORY`
  return undefined
}
