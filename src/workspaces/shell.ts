/** A command as people write it: one or many lines of shell, ended by the first line that fails. */
export const commandArgv = (command: string): readonly string[] => ['bash', '-e', '-c', command]

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
