/** `git push` to a project's URL, by git itself. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, type Finished } from '../support/taskport-process.ts'
import { hasUpsunCli, UpsunWorld } from '../support/upsun-world.ts'

const task = (hook: string): string =>
  `tasks: { hello: { type: "python:3.11", hooks: { build: "${hook}" }, run: { command: "cat said.txt built.txt" } } }\n`

class Repository {
  readonly directory: string
  readonly #home: string

  constructor(home: string, from?: string) {
    this.#home = home
    this.directory = from ?? mkdtempSync(join(home, 'repository-'))
  }

  git(...args: readonly string[]): Promise<Finished> {
    const env = {
      ...{ PATH: process.env.PATH ?? '', HOME: this.#home, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
      ...{ GIT_AUTHOR_NAME: 'Ann', GIT_AUTHOR_EMAIL: 'ann@example.com' },
      ...{ GIT_COMMITTER_NAME: 'Ann', GIT_COMMITTER_EMAIL: 'ann@example.com' },
    }
    const child = spawn('git', ['-c', 'init.defaultBranch=main', ...args], { cwd: this.directory, env })
    const out = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text
      })
    return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...out })))
  }

  async commit(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, path)), { recursive: true })
      writeFileSync(join(this.directory, path), content)
    }
    await this.git('init', '--quiet')
    await this.git('add', '--all')
    await this.git('commit', '--quiet', '-m', 'a change')
    return (await this.git('rev-parse', 'HEAD')).stdout.trim()
  }
}

describe('git push', () => {
  const world = new UpsunWorld()
  beforeAll(() => world.open(), 60_000)
  afterAll(() => world.close())

  const url = (project: string, token = world.variables.UPSUN_CLI_TOKEN!): string => {
    const address = new URL(`/projects/${project}.git`, world.variables.UPSUN_CLI_API_URL)
    address.username = 'git'
    address.password = token
    return address.href
  }

  test('deploys the branch to the environment of its name, made with its project, and shows the build', async () => {
    const repository = new Repository(world.home)
    const files = { '.upsun/config.yaml': task('echo built > built.txt; echo building'), 'said.txt': 'one\n' }
    const commit = await repository.commit(files)
    const pushed = await repository.git('push', '-o', 'timezone=Asia/Tokyo', url('pushed'), 'HEAD:main')
    expect(pushed.code, pushed.stderr).toBe(0)
    for (const text of [
      'Validating configuration files',
      'Processing activity: admin deployed main',
      'Executing build hook',
      'building',
      'Deployed to main',
    ])
      expect(pushed.stderr).toContain(`remote: ${text}`.replace('remote: ', ''))
    expect(await world.json('/projects/pushed')).toMatchObject({ timezone: 'Asia/Tokyo' })
    expect(await world.json('/projects/pushed/environments/main')).toMatchObject({ head_commit: commit })
    expect((await world.run('pushed', 'hello')).log).toContain('one\nbuilt\n')

    const same = await repository.git('push', url('pushed'), 'HEAD:main')
    expect(same.stderr).toContain('Everything up-to-date')
    const large = Buffer.alloc(3_000_000, Math.random().toString())
    await repository.commit({ 'said.txt': 'two\n', large: Buffer.from(large.map((byte, i) => byte ^ (i * 31))) })
    const again = await repository.git('push', url('pushed'), 'HEAD:main')
    expect(again.code, again.stderr).toBe(0)
    expect((await world.run('pushed', 'hello')).log).toContain('two\nbuilt\n')

    const branch = await repository.git('push', url('pushed'), 'HEAD:feature/x')
    expect(branch.code, branch.stderr).toBe(0)
    expect(await world.json('/projects/pushed/environments/feature%2Fx')).toMatchObject({ parent: 'main' })
  }, 60_000)

  test('is refused, with the reason and nothing changed, where the configuration or the build fails', async () => {
    const repository = new Repository(world.home)
    await repository.commit({ '.upsun/config.yaml': task('exit 3') })
    const built = await repository.git('push', url('broken'), 'HEAD:main')
    expect(built.code).toBe(1)
    expect(built.stderr).toContain('The build hook failed with exit code 3')
    expect(built.stderr).toMatch(/\[remote rejected\] HEAD -> main \(the deployment failed \(activity \w{13}\)\)/)
    expect(await world.json('/projects/broken/environments/main')).toMatchObject({ head_commit: null })
    await repository.commit({ '.upsun/config.yaml': 'tasks:\n  a: { web: {} }\n' })
    const config = await repository.git('push', url('broken'), 'HEAD:main')
    expect(config.stderr).toContain('.upsun/config.yaml:2:8: tasks.a.web: Unknown key: web')
    const options = await repository.git('push', '-o', 'colour=red', url('broken'), 'HEAD:main')
    expect(options.stderr).toContain('unknown parameter: colour')
    const tag = await repository.git('push', url('broken'), 'HEAD:refs/tags/v1')
    expect(tag.stderr).toContain('only branches are deployed')
  }, 60_000)

  test('what is being deployed counts: the next commit follows it, another one is refused', async () => {
    const repository = new Repository(world.home)
    const first = await repository.commit({ '.upsun/config.yaml': task('sleep 3'), 'said.txt': 'one\n' })
    const pushing = repository.git('push', url('busy'), 'HEAD:main')
    const path = '/projects/busy/environments/main/activities?state=in_progress'
    await eventually('it builds', async () => {
      const told = await world.json<object[] | object>(path)
      return Array.isArray(told) && told.length === 1
    })
    const second = await repository.commit({ 'said.txt': 'two\n' })
    const following = repository.git('push', url('busy'), 'HEAD:main')
    const stranger = new Repository(world.home)
    await stranger.commit({ '.upsun/config.yaml': task('true'), 'said.txt': 'other\n' })
    const refused = await stranger.git('push', url('busy'), 'HEAD:main')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('[rejected]')])
    expect((await pushing).code).toBe(0)
    const { code, stderr } = await following
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(`${first.slice(0, 7)}..${second.slice(0, 7)}  HEAD -> main`)
    expect((await world.run('busy', 'hello')).log).toContain('two\n')
  }, 30_000)

  test('takes a shallow clone, and a forced push', async () => {
    const origin = new Repository(world.home)
    await origin.commit({ '.upsun/config.yaml': task('true'), 'said.txt': 'old\n' })
    const first = await origin.git('push', url('shallow'), 'HEAD:main')
    expect(first.code, first.stderr).toBe(0)
    await origin.commit({ 'said.txt': 'new\n', 'built.txt': '' })
    const directory = mkdtempSync(join(world.home, 'clone-'))
    await origin.git('clone', '--quiet', '--depth=1', `file://${origin.directory}`, directory)
    const clone = new Repository(world.home, directory)
    const pushed = await clone.git('push', '--force', url('shallow'), 'HEAD:main')
    expect(pushed.code, pushed.stderr).toBe(0)
    expect((await world.run('shallow', 'hello')).log).toContain('new\n')
    await origin.git('reset', '--quiet', '--hard', 'HEAD~1')
    await origin.commit({ 'said.txt': 'other\n', 'built.txt': '' })
    const forced = await origin.git('push', '--force', url('shallow'), 'HEAD:main')
    expect(forced.code, forced.stderr).toBe(0)
    expect((await world.run('shallow', 'hello')).log).toContain('other\n')
  }, 60_000)

  test('needs a credential; fetching is refused; what is malformed is a refusal, never a failure of the server', async () => {
    const repository = new Repository(world.home)
    await repository.commit({ '.upsun/config.yaml': task('true') })
    const wrong = await repository.git('push', url('pushed', 'wrong'), 'HEAD:main')
    expect(wrong.code).toBe(128)
    expect(wrong.stderr).toMatch(/Authentication failed|could not read Password/)
    const fetched = await repository.git('fetch', url('pushed'))
    expect(fetched.stderr).toContain('403')
    const type = 'application/x-git-receive-pack-request'
    const push = (body: string, project = 'pushed'): Promise<Response> =>
      world.api(`/projects/${project}.git/git-receive-pack`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      })
    for (const body of ['', 'zzzz', '0006a', '0008abcd', `00a9${'x'.repeat(165)}0000`])
      expect([body, (await push(body)).status]).toEqual([body, 400])
    const zero = '0'.repeat(40)
    const line = `${zero} ${'a'.repeat(40)} refs/heads/main\0report-status`
    const whole = `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000no pack`
    for (const project of ['..', '..%2F..%2Fx', 'A', '%00'])
      expect(await (await push(whole, project)).text()).toContain('ng refs/heads/main project: an id consists of')
    const text = await (await push(whole)).text()
    expect(text).toMatch(/ng refs\/heads\/main (the push could not be read|somebody else pushed)/)
    const { stdout, stderr } = world.server.server
    expect(stdout() + stderr()).not.toMatch(/an Upsun call failed|a push failed/)
    expect(stdout() + stderr()).not.toContain(world.variables.UPSUN_CLI_TOKEN)
  }, 60_000)

  test.skipIf(!hasUpsunCli)(
    'the vendor’s command line knows the URL, and pushes to it',
    async () => {
      const address = `${world.variables.UPSUN_CLI_API_URL}/projects/pushed.git`
      const { stdout, stderr } = await world.upsun(['project:info', '-p', 'pushed', 'git'])
      expect(stdout.trim(), stderr).toBe(address)
      const repository = new Repository(world.home)
      await repository.commit({ '.upsun/config.yaml': task('echo pushed > built.txt'), 'said.txt': 'by upsun push\n' })
      await repository.git('config', `url.${url('pushed')}.insteadOf`, address)
      const push = ['environment:push', '-p', 'pushed', '--target', 'main', '--force', '--yes', '--wait']
      const pushed = await world.upsun(push, repository.directory)
      expect(pushed.code, pushed.stderr).toBe(0)
      expect((await world.run('pushed', 'hello')).log).toContain('by upsun push\npushed\n')
    },
    60_000,
  )
})
