import { closeSync, openSync } from 'node:fs'
import { spawn } from './spawn.ts'
import { dupAbove, sys } from './syscalls.ts'

/** Runs a program that ends at once, without output; its exit code, or undefined when it was none. Waits for it. */
export function tryRun(argv: readonly string[]): number | undefined {
  const opened = openSync('/dev/null', 'r+')
  const fd = dupAbove(opened, 16)
  closeSync(opened)
  const pid = spawn({ path: argv[0]!, argv, env: ['PATH=/usr/local/bin:/usr/bin:/bin'], fds: [fd, fd, fd] })
  sys.close(fd)
  if (pid < 0) return undefined
  const status = new Int32Array(1)
  if (sys.wait4(pid, status, 0, null) !== pid) return undefined
  return (status[0]! & 0x7f) === 0 ? (status[0]! >> 8) & 0xff : undefined
}
