/** Peers that are libraries for Node: installed into a temporary directory, run there by a script of theirs. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `script` gets COUNT and ADDRESS as arguments, and prints the jobs a second. */
export async function runNodeWorker(
  packages: readonly string[],
  script: string,
  args: readonly string[],
): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-peer-'))
  try {
    writeFileSync(join(directory, 'package.json'), '{"type":"module","private":true}')
    execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', ...packages], {
      cwd: directory,
      stdio: 'ignore',
    })
    writeFileSync(join(directory, 'run.js'), script)
    const child = spawn(process.execPath, ['run.js', ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString()
    })
    await once(child, 'close')
    return Number(out.trim().split('\n').at(-1))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What each job does there: `/bin/true` as a process, waited for. */
export const RUN_TRUE = `
import { spawn } from 'node:child_process'
const runTrue = () => new Promise((resolve, reject) => {
  spawn('/bin/true', { stdio: 'ignore' }).on('error', reject).on('exit', (code) => (code === 0 ? resolve() : reject(new Error(String(code)))))
})
`
