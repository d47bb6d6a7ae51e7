/** A command as people write it: one or many lines of shell, ended by the first line that fails. */
export const commandArgv = (command: string): readonly string[] => ['bash', '-e', '-c', command]

/** The kernel takes no longer argument (MAX_ARG_STRLEN). */
const LONGEST_COMMAND_BYTES = 131_000

/** Why a program cannot be given this command; undefined when it can. */
export function commandProblem(command: string): string | undefined {
  if (command.includes('\0')) return 'a NUL byte cannot be passed to a program'
  if (Buffer.byteLength(command) > LONGEST_COMMAND_BYTES)
    return `value length must be at most ${LONGEST_COMMAND_BYTES} bytes`
  return undefined
}

/**
 * Runs `$1` until SIGTERM, then `$2`, then kills whatever `$1` left; the exit code is that of `$2`. Job control gives the
 * service a process group of its own, so that the signal does not reach it before the stop command does.
 */
const WITH_STOP = `set -m
stop() { trap '' TERM; bash -e -c "$2"; code=$?; kill -KILL -- "-$service" 2>/dev/null; exit $code; }
bash -e -c "$1" & service=$!
trap 'stop "$1" "$2"' TERM
wait "$service"`

/** A service: what starts it, and what is run instead of a signal to stop it. */
export const serviceArgv = (start: string, stop: string | undefined): readonly string[] =>
  stop === undefined || stop === '' ? commandArgv(start) : ['bash', '-c', WITH_STOP, 'service', start, stop]

/**
 * In an image, with whatever shell it has, as the first process: that one is sent no signal by default, so it hands
 * SIGTERM on, or runs `$2` instead where there is one. When it ends, what is left of the container ends with it.
 */
const IN_IMAGE = `shell() { if command -v bash >/dev/null 2>&1; then exec bash -e -c "$1"; else exec sh -e -c "$1"; fi; }
(shell "$1") & main=$!
stop() { trap '' TERM; if [ -n "$2" ]; then (shell "$2"); exit $?; fi; kill -TERM $main; }
trap 'stop "$1" "$2"' TERM
while :; do wait $main; code=$?; kill -0 $main 2>/dev/null || exit $code; done`

/** A command, or with `stop` a service, inside an image. */
export const imageArgv = (command: string, stop = ''): readonly string[] => [
  'sh',
  '-c',
  IN_IMAGE,
  'main',
  command,
  stop,
]

/** A check inside an image: nobody stops it. */
export const imageCheckArgv = (command: string): readonly string[] => ['sh', '-e', '-c', command]
