/** The entry of a limit keeper's process: engine address, instance, directory. Exports nothing. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isSameProcess, ownIdentity, type ProcessIdentity } from '../process-identity.ts'
import { ContainerEngine } from './container-engine.ts'
import { LimitKeeper } from './limit-keeper.ts'

const [address, instance, directory] = process.argv.slice(2) as [string, string, string]
const LINGER_MS = 60_000
const PAUSE_MS = 1_000
const identityFile = join(directory, 'limit-keeper')

for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined)
if (!isTaken()) await keep()

async function keep(): Promise<void> {
  writeFileSync(identityFile, JSON.stringify(ownIdentity()), { mode: 0o600 })
  const keeper = new LimitKeeper(new ContainerEngine(address), instance, join(directory, 'journal'))
  for (let idleSince = Date.now(); Date.now() - idleSince < LINGER_MS; ) {
    // An engine that is away runs on without us: its containers' limits are looked at when it is back.
    const pause = await keeper.tick(Date.now()).catch(() => PAUSE_MS)
    if (pause !== undefined) idleSince = Date.now()
    await delay(pause ?? PAUSE_MS)
    // Its server told it to end, or its data directory is no more.
    if (!existsSync(identityFile)) return
  }
  rmSync(identityFile, { force: true })
}

function isTaken(): boolean {
  try {
    return isSameProcess(JSON.parse(readFileSync(identityFile, 'utf8')) as ProcessIdentity)
  } catch {
    return false
  }
}
