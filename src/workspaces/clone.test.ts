import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloneJob } from './clone-job.ts'
import { WORKSPACE_PROGRAMS } from './workspace-programs.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-clone-'))
let server: Server
let port: number

/** A repository over HTTP as git calls it "dumb"; below `/away` it sends everybody to an address that is not allowed. */
beforeAll(async () => {
  const git = (cwd: string, ...args: string[]): void => void execFileSync('git', args, { cwd })
  mkdirSync(join(directory, 'work'))
  git(join(directory, 'work'), 'init', '-q', '-b', 'main')
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t']
  git(join(directory, 'work'), ...identity, 'commit', '-q', '--allow-empty', '-m', 'first')
  git(directory, 'clone', '-q', '--bare', 'work', 'app.git')
  git(join(directory, 'app.git'), 'update-server-info')
  server = createServer((request, reply) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x')
    if (pathname.startsWith('/away/'))
      return void reply.writeHead(302, { location: `http://127.0.0.2:${port}${request.url?.slice(5)}` }).end()
    const path = join(directory, pathname)
    if (!existsSync(path) || !statSync(path).isFile()) return void reply.writeHead(404).end()
    reply.end(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.close()
  rmSync(directory, { recursive: true, force: true })
})

function clone(url: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const workspace = join(mkdtempSync(join(directory, 'environment-')), 'workspace')
  mkdirSync(workspace)
  const job: CloneJob = { url, workspace, location: '.', allowAddresses: ['127.0.0.1'] }
  const argv = ['--disable-warning=ExperimentalWarning', fileURLToPath(WORKSPACE_PROGRAMS.clone), JSON.stringify(job)]
  return new Promise((resolve) =>
    execFile(process.execPath, argv, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, said: `${stdout}${stderr}` }),
    ),
  )
}

test('a repository at an allowed address is cloned', async () => {
  expect(await clone(`http://127.0.0.1:${port}/app.git`)).toMatchObject({
    code: 0,
    said: expect.stringContaining('first'),
  })
})

test.each(['http', 'https', 'git', 'ssh'])(
  'by no protocol is an address reached that is not allowed: %s',
  async (scheme) => {
    const { code, said } = await clone(`${scheme}://127.0.0.2:${port}/app.git`)
    expect(code).not.toBe(0)
    expect(said).toContain('127.0.0.2 is not a public address')
  },
)

test('a name and a redirection are held to the address they lead to', async () => {
  expect((await clone(`http://127.0.0.1:${port}/away/app.git`)).said).toContain('127.0.0.2 is not a public address')
  expect((await clone(`http://[::1]:${port}/app.git`)).said).toContain('::1')
})
