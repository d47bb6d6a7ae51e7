import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GitServer, openGitServer } from '../../test/support/git-server.ts'
import type { CloneJob } from './clone-job.ts'
import { WORKSPACE_PROGRAMS } from './workspace-programs.ts'

const directory = mkdtempSync(join(tmpdir(), 'taskport-clone-'))
let git: GitServer
beforeAll(async () => {
  git = await openGitServer({})
})
afterAll(() => {
  git.close()
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
  expect(await clone(git.url)).toMatchObject({
    code: 0,
    said: expect.stringContaining('first'),
  })
})

test.each(['http', 'https', 'git', 'ssh'])(
  'by no protocol is an address reached that is not allowed: %s',
  async (scheme) => {
    const { code, said } = await clone(`${scheme}://127.0.0.2:${git.port}/app.git`)
    expect(code).not.toBe(0)
    expect(said).toContain('127.0.0.2 is not a public address')
  },
)

test('a name and a redirection are held to the address they lead to', async () => {
  expect((await clone(`http://127.0.0.1:${git.port}/away/app.git`)).said).toContain('127.0.0.2 is not a public address')
  expect((await clone(`http://[::1]:${git.port}/app.git`)).said).toContain('::1')
})
