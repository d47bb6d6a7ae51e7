/** supervisor.v1.EnvironmentOpsService of one environment: commands and files, each a sandboxed program of its own. */
import { createHash } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { currentAttempt } from '../../../core/execution.ts'
import { shellCode } from '../../../core/exit.ts'
import type { Call } from '../call.ts'
import { findEnvironment } from '../environment/find-environment.ts'
import { type Finished, runToEnd } from '../environment/run-to-end.ts'
import { alreadyExists, failedPrecondition, invalidArgument, missing } from '../errors.ts'
import type * as wire from '../gen/supervisor/v1/environment_ops_pb.js'
import { WriteMode } from '../gen/supervisor/v1/environment_ops_pb.js'
import { needText } from '../wire/validate.ts'

const MOST_BYTES = 4 * 1024 * 1024
/** Exit codes by which our scripts say what is wrong. */
const ABSENT = 44
const PRESENT = 45

/** Files are the same in every container of the environment; our scripts need this machine's tools. */
const HERE = { kind: 'machine' } as const

/** `environment` is in the path; every operation is its own. */
export type OpsCall = Call & { readonly environment: string }

export async function exec(
  call: OpsCall,
  { operationId, command, workingDirectory, timeoutSeconds }: wire.ExecRequest,
  { signal }: HandlerContext,
): Promise<MessageInitShape<typeof wire.ExecResponseSchema>> {
  const { body: environment } = await findEnvironment(call, call.environment)
  if (timeoutSeconds < 0) throw invalidArgument('timeout_seconds: value must not be negative')
  const run = {
    program: { argv: ['sh', '-c', command] },
    ...(workingDirectory !== '' && { workdir: workingDirectory }),
    ...(timeoutSeconds > 0 && { timeoutMs: timeoutSeconds * 1_000 }),
    ...(operationId !== '' && { once: operationId }),
  }
  const { execution, stdout, stderr } = await runToEnd(call, environment, run, signal)
  const exit = currentAttempt(execution.status.steps[0]!)?.exit
  const code = exit?.outcome === 'timedOut' ? 124 : exit && shellCode(exit)
  if (code === undefined) throw failedPrecondition(execution.status.reason?.message ?? 'the command did not run')
  return { exitCode: code, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') }
}

const READ = `[ -e "$1" ] || exit ${ABSENT}
if [ -d "$1" ]; then echo directory; find "$1" -mindepth 1 -maxdepth 1 -printf '%y %s %p\\0' | base64 -w 4096; else
echo file; stat -L -c %s -- "$1"; if [ "$3" = 0 ]; then tail -c "+$2" -- "$1"; else tail -c "+$2" -- "$1" | head -c "$3"; fi | base64 -w 4096; fi`

export async function readFile(
  call: OpsCall,
  { path, offset, length }: wire.ReadFileRequest,
  { signal }: HandlerContext,
): Promise<MessageInitShape<typeof wire.ReadFileResponseSchema>> {
  const { body: environment } = await findEnvironment(call, call.environment)
  needText('path', path)
  if (offset < 0n || length < 0n) throw invalidArgument('offset and length: values must not be negative')
  const argv = ['bash', '-c', READ, 'read', path, String(offset + 1n), String(length)]
  const done = await runToEnd(call, environment, { program: { argv }, runsOn: HERE }, signal)
  refuse(done, path)
  const [kind, ...lines] = done.stdout.toString('latin1').split('\n')
  if (kind === 'directory') return { result: { case: 'directory', value: { entries: entriesOf(decode(lines)) } } }
  const [size, ...content] = lines
  const data = decode(content)
  const contentHash = createHash('sha256').update(data).digest('hex')
  return { result: { case: 'content', value: { data, totalSize: BigInt(size ?? '0'), contentHash } } }
}

const decode = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'base64')

const entriesOf = (listing: Buffer) =>
  listing
    .toString('utf8')
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, type, size, path] = /^(\S) (\d+) (.*)$/s.exec(entry)!
      return { path: path!, isDirectory: type === 'd', size: type === 'd' ? 0n : BigInt(size!) }
    })

const WRITE = `case "$2" in
create) [ -e "$1" ] && exit ${PRESENT} ;;
truncate|append) [ -e "$1" ] || exit ${ABSENT} ;;
esac
if [ "$2" = append ]; then base64 -d "$3" >> "$1"; else base64 -d "$3" > "$1"; fi`

const MODES: Readonly<Record<WriteMode, string>> = {
  [WriteMode.UNSPECIFIED]: 'write',
  [WriteMode.CREATE_OR_TRUNCATE]: 'write',
  [WriteMode.CREATE]: 'create',
  [WriteMode.TRUNCATE]: 'truncate',
  [WriteMode.APPEND]: 'append',
}

const CONTENT = '/run/taskport-content'

export async function writeFile(
  call: OpsCall,
  { path, content, mode }: wire.WriteFileRequest,
  { signal }: HandlerContext,
): Promise<MessageInitShape<typeof wire.WriteFileResponseSchema>> {
  const { body: environment } = await findEnvironment(call, call.environment)
  needText('path', path)
  if (content.length > MOST_BYTES) throw invalidArgument(`content: at most ${MOST_BYTES} bytes`)
  const argv = ['bash', '-c', WRITE, 'write', path, MODES[mode] ?? 'write', CONTENT]
  const mounts = [{ kind: 'file' as const, target: CONTENT, content: Buffer.from(content).toString('base64') }]
  refuse(await runToEnd(call, environment, { program: { argv }, runsOn: HERE, mounts }, signal), path)
  return { bytesWritten: BigInt(content.length) }
}

/** With the last word of the program that failed, as `path: why`. */
function refuse({ execution, stderr }: Finished, path: string): void {
  const code = currentAttempt(execution.status.steps[0]!)?.exit?.code
  if (code === ABSENT) throw missing('file', path)
  if (code === PRESENT) throw alreadyExists(`${path} exists`)
  const why = /: ([^:\n]+)\n?$/.exec(stderr.toString('utf8'))?.[1]
  if (code !== 0) throw failedPrecondition(`${path}: ${why ?? 'it cannot be used so'}`)
}
