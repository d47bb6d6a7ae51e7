import { type Reason, reason } from '../../../core/reason.ts'
import { directoryMissing, programProblem } from './program-plan.ts'
import type { Run } from './run.ts'
import { sys } from './syscalls.ts'

export type LauncherMessage =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'failed'; readonly stage: number; readonly errno: number }
  | { readonly kind: 'ended'; readonly status: number; readonly cpuMicros: number; readonly peakBytes: number }

const packet = new Uint8Array(64)
const view = new DataView(packet.buffer)

/** The next packet of a launcher (see launcher.c); undefined at the socket's end. Call only when it is readable. */
export function hearLauncher(fd: number): LauncherMessage | undefined {
  const count = sys.read(fd, packet, packet.length)
  if (count < 32) return undefined
  const a = view.getInt32(4, true)
  switch (String.fromCharCode(packet[0]!)) {
    case 'S':
      return { kind: 'started', pid: a }
    case 'F':
      return { kind: 'failed', stage: packet[1]!, errno: a }
    default:
      return {
        kind: 'ended',
        status: a,
        cpuMicros: Number(view.getBigInt64(8, true)),
        peakBytes: Number(view.getBigInt64(16, true)) * 1024,
      }
  }
}

/** Why the launcher could not start the program. Stages are numbered as in launcher.c. */
export function launchProblem(
  stage: number,
  errno: number,
  { program, directory, sandboxed }: Pick<Run, 'program' | 'directory' | 'sandboxed'>,
): Reason {
  switch (stage) {
    case 8:
      return programProblem(errno, program)
    case 7:
      return directoryMissing(directory, sandboxed)
    case 6:
      return reason('user_missing', `the step's user could not be taken on (errno ${errno})`, { errno })
    case 5:
      return reason('invalid_spec', `a resource limit of the step was refused by the system (errno ${errno})`, {
        errno,
      })
    case 4:
      return programProblem(errno, program)
    case 2:
      return reason('resource_unavailable', `the control group could not be joined (errno ${errno})`, { errno })
    default:
      return reason('refused_by_executor', `the launcher failed at stage ${stage} (errno ${errno})`, { stage, errno })
  }
}
