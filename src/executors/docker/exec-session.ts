import { PassThrough, Readable } from 'node:stream'
import type { Exec } from 'dockerode'
import type { Exit } from '../../core/exit.ts'
import type { ExecRequest, ExecSession } from '../../core/ports/executor.ts'
import { durationText } from '../../core/quantity-text.ts'
import { reason } from '../../core/reason.ts'
import type { ContainerEngine } from './container-engine.ts'

type Output = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }

/** Runs a command inside a container; its output in order of arrival. */
export async function openExecSession(
  engine: ContainerEngine,
  name: string,
  request: ExecRequest,
): Promise<ExecSession> {
  const terminal = request.terminal !== undefined
  const exec = await engine.exec(name, {
    Cmd: [...request.argv],
    AttachStdout: true,
    AttachStderr: true,
    AttachStdin: request.stdin !== undefined,
    Tty: terminal,
    ...(request.env && { Env: Object.entries(request.env).map(([key, value]) => `${key}=${value}`) }),
    ...(request.workdir !== undefined && { WorkingDir: request.workdir }),
    ...(request.user !== undefined && { User: request.user }),
  })
  const duplex = await exec.start({ hijack: true, stdin: request.stdin !== undefined, Tty: terminal })
  if (request.terminal) await exec.resize({ w: request.terminal.columns, h: request.terminal.rows })
  if (request.stdin !== undefined) Readable.from(request.stdin).pipe(duplex)
  let timedOut = false
  const end = (): void => void duplex.destroy()
  const expire = (): void => {
    timedOut = true
    end()
  }
  const timer = request.timeoutMs === undefined ? undefined : setTimeout(expire, request.timeoutMs)
  const output = terminal ? plain(duplex) : demultiplexed(duplex)
  const ended = new Promise<void>((resolve) => duplex.once('close', resolve))
  const exit = ended.then(() => {
    clearTimeout(timer)
    return timedOut ? timeOut(request.timeoutMs!) : exitOfExec(exec)
  })
  return {
    output,
    exit,
    kill: end,
    ...(terminal && { resize: (columns: number, rows: number) => void exec.resize({ w: columns, h: rows }) }),
  }
}

async function* plain(duplex: Readable): AsyncGenerator<Output> {
  for await (const chunk of duplex) yield { stream: 'stdout', bytes: chunk as Buffer }
}

/** Frames of stream, three zeros, length (Docker Engine API, ContainerAttach). */
async function* demultiplexed(duplex: Readable): AsyncGenerator<Output> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of duplex.pipe(new PassThrough())) {
    rest = Buffer.concat([rest, chunk as Buffer])
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4)
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', bytes: rest.subarray(8, end) }
      rest = rest.subarray(end)
    }
  }
}

const timeOut = (limitMs: number): Exit => ({
  outcome: 'timedOut',
  reason: reason('step_timeout', `did not end within its limit of ${durationText(limitMs)}`, { limitMs }),
})

async function exitOfExec(exec: Exec): Promise<Exit> {
  const { Running, ExitCode } = await exec.inspect()
  return Running ? { outcome: 'signaled', signal: 'SIGKILL' } : { outcome: 'exited', code: ExitCode ?? 0 }
}
