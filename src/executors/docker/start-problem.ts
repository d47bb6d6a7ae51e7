import type { Work } from '../../core/ports/executor.ts'
import { type Reason, type ReasonCode, reason } from '../../core/reason.ts'
import { wordsOf } from './engine-failure.ts'

/** How engines (with runc or crun) say why a container cannot start, seen with Docker 20.10 and Podman 4.3. */
const PROBLEMS: readonly (readonly [RegExp, ReasonCode, (work: Work) => string])[] = [
  [
    /container-init binary not found/i,
    'refused_by_executor',
    () => 'the container engine has no init process to put in front',
  ],
  [
    /port is already allocated|address already in use|bind for .* failed/i,
    'port_unavailable',
    () => 'a port it publishes is taken',
  ],
  [
    /chdir to cwd|mkdir .*cwd|set ?cwd|workdir/i,
    'directory_missing',
    ({ run }) => `the directory ${run.workdir ?? ''} cannot be entered`,
  ],
  [
    /unable to find (user|group)|no matching entries in passwd|getting (user|group)/i,
    'user_missing',
    ({ run }) => `the image knows no user ${run.user ?? ''}`,
  ],
  [/no space left on device|disk quota exceeded/i, 'disk_full', () => 'the container engine has no room on its disk'],
  [
    /executable file not found|exec.*no such file or directory|exec.*permission denied|no command specified|exec format error/i,
    'program_missing',
    (work) => `${programOf(work)} cannot be run`,
  ],
  [/no such image/i, 'image_missing', ({ run }) => `the image ${run.image ?? ''} is gone`],
]

const programOf = ({ run }: Work): string =>
  run.entrypoint?.[0] ?? run.argv[0] ?? `the command of ${run.image ?? 'the image'}`

/** What others hold now and will let go of: the start may be tried again. */
export const isShortage = (error: unknown): boolean => /address pool/i.test(wordsOf(error))

/** Why the engine refused to create or start the container, as a reason with its own words. */
export function startProblem(error: unknown, work: Work): Reason {
  const words = wordsOf(error)
  const known = PROBLEMS.find(([pattern]) => pattern.test(words))
  if (known === undefined)
    return reason('refused_by_executor', `the container engine refused it: ${words}`, { engine: words })
  return reason(known[1], `${known[2](work)}: ${words}`, { engine: words })
}
