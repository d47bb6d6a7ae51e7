/**
 * The real cf CLI, unmodified, through every command of a user of tasks: whichever scripts/cf-clients.mjs has, v7.1.0 where
 * it had to build one. What only v8 has (`--wait`) is asked of v8 only; test/journeys/cloudfoundry-commands.test.ts replays it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CfCommand, foundCfCli } from '../support/cf-command.ts'
import { type CfWorld, dropletOf, openCfWorld } from '../support/cf-world.ts'
import { eventually } from '../support/taskport-process.ts'

const program = foundCfCli()
const isV8 = program !== undefined && / 8\./.test(execFileSync(program, ['version'], { encoding: 'utf8' }))

describe.skipIf(program === undefined)('the cf CLI', () => {
  let world: CfWorld
  let cf: CfCommand

  beforeAll(async () => {
    world = await openCfWorld()
    cf = await CfCommand.loggedIn(program!, world)
  }, 60_000)
  afterAll(async () => {
    cf?.end()
    await world?.close()
  })

  function directory(name: string, files: Readonly<Record<string, string>>): string {
    const path = join(cf.home, name)
    mkdirSync(path)
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
    return path
  }

  // biome-ignore lint/suspicious/noExplicitAny: compared by the tests, field by field
  async function taskOf(app: string, name: string): Promise<any> {
    const guid = (await cf.run('app', app, '--guid')).trim()
    return (await cf.curl(`/v3/apps/${guid}/tasks?names=${name}`)).resources[0]
  }

  const manifest = async (app: string): Promise<string> => {
    const file = join(cf.home, `${app}-manifest.yml`)
    await cf.run('create-app-manifest', app, '-p', file)
    return readFileSync(file, 'utf8')
  }
  const appIn = (text: string) => parse(text).applications[0]

  test('api, auth, target, orgs, spaces, oauth-token, curl, logout; a wrong password is refused', async () => {
    const own = new CfCommand(program!)
    try {
      expect(await own.run('api', world.url)).toMatch(/API version:\s+3\.205\.0/)
      expect(await own.refused('auth', world.username, 'wrong')).toContain('Credentials were rejected')
      expect(await own.refused('apps')).toContain('Not logged in')
      await own.run('auth', world.username, world.password)
      await own.run('target', '-o', 'default', '-s', 'default')
      expect(await own.run('target')).toMatch(/user:\s+admin\norg:\s+default\nspace:\s+default\n/)
      expect(await own.run('orgs')).toMatch(/name\s+default/)
      expect(await own.run('spaces')).toMatch(/name\s+default/)
      expect(await own.run('oauth-token')).toMatch(/^bearer ey/)
      expect((await own.curl('/v3/info')).name).toBe('Taskport')
      await own.run('logout')
      expect(await own.refused('apps')).toContain('Not logged in')
    } finally {
      own.end()
    }
  }, 60_000)

  test('a client of its own, by auth --client-credentials; an access token that has expired is renewed unasked', async () => {
    const grant = ['--tenant', 'cf', '--name', 'robot', '--grant', 'admin']
    const minted = world.taskport.json<{ secret: string }>(['token', 'create', '--face', 'cloudfoundry', ...grant])
    const robot = new CfCommand(program!)
    const user = await CfCommand.loggedIn(program!, world)
    try {
      await robot.run('api', world.url)
      await robot.run('auth', 'robot', (await minted).secret, '--client-credentials')
      await robot.run('target', '-o', 'default')
      await robot.run('create-space', 'of-a-robot')
      expect(await robot.run('space-users', 'default', 'of-a-robot')).toContain('robot (client)')
      await robot.run('delete-space', 'of-a-robot', '-f')
      user.expireToken()
      expect(await user.run('apps')).toContain('No apps found')
      user.expireToken()
      expect(await user.run('services')).toMatch(/No services? (instances )?found/)
    } finally {
      robot.end()
      user.end()
    }
  }, 60_000)

  test('push --no-start --droplet, run-task with its flags, tasks, terminate-task, logs, delete', async () => {
    writeFileSync(join(cf.home, 'x.tgz'), dropletOf({ 'a.sh': 'echo out; echo err >&2\n' }))
    await cf.run('push', 'cli', '--no-start', '--no-route', '--droplet', 'x.tgz')
    const one = await cf.runTask('cli', '-c', 'sh a.sh', '--name', 'one', '-m', '64M', '-k', '65M')
    expect(one).toEqual({ id: '1', state: 'SUCCEEDED' })
    expect(await taskOf('cli', 'one')).toMatchObject({ command: 'sh a.sh', memory_in_mb: 64, disk_in_mb: 65 })
    expect(await cf.runTask('cli', '--command', 'exit 3')).toEqual({ id: '2', state: 'FAILED' })
    expect(await cf.run('tasks', 'cli')).toMatch(
      /\n2\s+[0-9a-f]{8}\s+FAILED\s.*exit 3\n1\s+one\s+SUCCEEDED\s.*sh a\.sh/,
    )
    const logs = await cf.run('logs', 'cli', '--recent')
    for (const line of ['OUT out', 'ERR err', 'OUT Exit status 0']) expect(logs).toContain(`[APP/TASK/one/0] ${line}`)
    await cf.run('run-task', 'cli', '-c', 'sleep 60', '--name', 'long')
    await cf.run('terminate-task', 'cli', '3')
    expect(await cf.stateOf('cli', '3')).toBe('FAILED')
    expect(await cf.refused('terminate-task', 'cli', '3')).toContain('Task state is FAILED')
    expect(await cf.refused('terminate-task', 'cli', '99')).toContain('Task sequence ID 99 not found')
    await cf.run('delete', 'cli', '-f')
    expect(await cf.run('apps')).toContain('No apps found')
  }, 120_000)

  test('push --task of bits, variables, app and apps, templates of the Procfile, streaming logs', async () => {
    const bits = directory('bits', {
      'run.sh': 'echo $WHO in $PWD\n',
      Procfile: '# what there is to run\ntask: sh run.sh\nworker: echo $WHO works\n',
    })
    const pushed = await cf.run('push', 'bits', '--task', '-b', 'binary_buildpack', '-p', bits, '-c', 'sh run.sh')
    expect(pushed).toMatch(/Unpacking the app[\s\S]*requested state:\s+stopped[\s\S]*start command:\s+sh run\.sh/)
    await cf.run('set-env', 'bits', 'WHO', 'me')
    await cf.run('set-env', 'bits', 'GONE', 'x')
    await cf.run('unset-env', 'bits', 'GONE')
    expect(await cf.run('env', 'bits')).toMatch(/"application_name": "bits"[\s\S]*User-Provided:\nWHO: me\n\n/)
    const stream = cf.start('logs', 'bits')
    await eventually('cf logs listens', () => stream.output().includes('Retrieving logs'))
    expect(await cf.runTask('bits', '--name', 'standard')).toEqual({ id: '1', state: 'SUCCEEDED' })
    await cf.runTask('bits', '--process', 'worker', '--name', 'other')
    await cf.runTask('bits', '--process', 'web', '--name', 'webby', '-m', '64M')
    await eventually('cf logs shows the last', () => stream.output().includes('[APP/TASK/webby/0] OUT Exit status 0'))
    for (const line of [
      'standard/0] OUT me in /home/vcap/app',
      'other/0] OUT me works',
      'standard/0] OUT Exit status 0',
    ])
      expect(stream.output().split(line)).toHaveLength(2)
    expect(await cf.run('app', 'bits')).toMatch(/name:\s+bits\nrequested state:\s+stopped[\s\S]*binary_buildpack/)
    expect(await cf.run('create-app', 'bare')).toContain('OK')
    expect(await cf.run('apps')).toMatch(/\nbare\s+stopped[\s\S]*\nbits\s+stopped/)
    expect(await cf.refused('run-task', 'bare', '-c', 'true')).toContain('App is not staged')
    expect(await cf.refused('push', 'ruby', '-b', 'ruby_buildpack', '-p', bits, '--task')).toContain(
      'must be an existing admin buildpack',
    )
    for (const name of ['bits', 'bare']) await cf.run('delete', name, '-f')
  }, 120_000)

  test('a manifest: processes, sizes, variables; set-label; restage; droplets and packages; download-droplet', async () => {
    const pushed = directory('manifest', {
      'run.sh': 'echo $COLOUR\n',
      'manifest.yml': [
        'applications:',
        '- name: described',
        '  memory: 128M',
        '  buildpacks: [binary_buildpack]',
        '  env: { COLOUR: blue }',
        '  metadata: { labels: { kind: pushed }, annotations: { note: by hand } }',
        '  processes: [{ type: batch, command: sh run.sh, memory: 96M, disk_quota: 200M }]',
        '',
      ].join('\n'),
    })
    await cf.run('push', '--task', '-f', join(pushed, 'manifest.yml'), '-p', pushed)
    expect((await cf.runTask('described', '--process', 'batch', '--name', 'batch')).state).toBe('SUCCEEDED')
    expect(await taskOf('described', 'batch')).toMatchObject({
      command: 'sh run.sh',
      memory_in_mb: 96,
      disk_in_mb: 200,
    })
    expect(await cf.run('logs', 'described', '--recent')).toContain('[APP/TASK/batch/0] OUT blue')
    await cf.run('set-label', 'app', 'described', 'team=red')
    expect(await cf.run('labels', 'app', 'described')).toMatch(/kind\s+pushed\nteam\s+red/)
    await cf.run('restage', 'described')
    expect(await cf.run('droplets', 'described')).toMatch(/\(current\)\s+staged[\s\S]*\sstaged/)
    expect(await cf.run('packages', 'described')).toMatch(/ready/)
    await cf.run('download-droplet', 'described', '--path', join(cf.home, 'down.tgz'))
    const files = execFileSync('tar', ['-tzf', join(cf.home, 'down.tgz')], { encoding: 'utf8' })
    expect(files).toContain('app/run.sh')
    await cf.run('create-app-manifest', 'described', '-p', join(cf.home, 'again.yml'))
    await cf.run('push', 'again', '--task', '-f', join(cf.home, 'again.yml'), '-p', pushed)
    const copy = appIn(await manifest('again'))
    expect({ ...copy, name: 'described' }).toEqual(appIn(await manifest('described')))
    expect(copy.processes.map(({ type }: { type: string }) => type).sort()).toEqual(['batch', 'web'])
    expect(await cf.run('ssh-enabled', 'described')).toContain('disabled')
    expect(await cf.run('revisions', 'described')).toContain('No revisions found')
    await cf.run('delete', 'again', '-f')
    expect(await cf.run('events', 'described')).toContain('audit.app.task.create')
    expect(await cf.run('buildpacks')).toMatch(/1\s+binary_buildpack/)
    expect(await cf.run('stack', 'cflinuxfs4')).toMatch(/name:\s+cflinuxfs4/)
    await cf.run('create-app', 'plain')
    expect(await cf.refused('rename', 'plain', 'described')).toContain("App with the name 'described' already exists.")
    await cf.run('delete', 'described', '-f')
  }, 120_000)

  test('cups, uups, services, service, bind-service and what the task then has, unbind-service, delete-service', async () => {
    const bits = directory('served', { 'run.sh': 'echo $DATABASE_URL $VCAP_SERVICES\n' })
    await cf.run('push', 'served', '--task', '-b', 'binary_buildpack', '-p', bits, '-c', 'sh run.sh')
    await cf.run('cups', 'db', '-p', '{"uri":"postgres://u@h/d"}', '-t', 'sql')
    expect(await cf.refused('cups', 'db', '-p', '{}')).toContain('The service instance name is taken: db')
    await cf.run('bind-service', 'served', 'db', '--binding-name', 'main')
    expect(await cf.run('bind-service', 'served', 'db')).toContain('already bound')
    expect(await cf.run('services')).toMatch(/db\s+user-provided\s+served/)
    expect(await cf.run('service', 'db')).toMatch(/name:\s+db\n[\s\S]*user-provided[\s\S]*served\s+main/)
    await cf.runTask('served', '--process', 'web', '--name', 'bound')
    const logs = await cf.run('logs', 'served', '--recent')
    expect(logs).toMatch(/\[APP\/TASK\/bound\/0\] OUT postgres:\/\/u@h\/d .*"binding_name":"main"/)
    await cf.run('uups', 'db', '-p', '{"uri":"postgres://u@other/d"}')
    expect(await cf.run('env', 'served')).toContain('"uri": "postgres://u@other/d"')
    await cf.run('unbind-service', 'served', 'db')
    expect(await cf.run('env', 'served')).not.toContain('postgres')
    await cf.run('rename-service', 'db', 'other')
    await cf.run('delete-service', 'other', '-f')
    expect(await cf.run('services')).toMatch(/No services? (instances )?found/)
    await cf.run('delete', 'served', '-f')
  }, 120_000)

  test('org, space, users, roles and quotas', async () => {
    expect(await cf.run('org', 'default')).toMatch(/quota:\s+default/)
    expect(await cf.run('space', 'default')).toMatch(/org:\s+default/)
    await cf.run('create-org', 'two')
    await cf.run('create-space', 'dev', '-o', 'two')
    await cf.run('create-user', 'ann', 'pw')
    expect(await cf.run('create-user', 'ann', 'pw')).toContain("User 'ann' already exists")
    await cf.run('set-org-role', 'ann', 'two', 'OrgManager')
    await cf.run('set-space-role', 'ann', 'two', 'dev', 'SpaceDeveloper')
    expect(await cf.run('org-users', 'two')).toMatch(/ORG MANAGER\n {2}admin \(uaa\)\n {2}ann \(uaa\)\n/)
    expect(await cf.run('space-users', 'two', 'dev')).toMatch(/SPACE DEVELOPER\n {2}admin \(uaa\)\n {2}ann \(uaa\)\n/)
    await cf.run('unset-space-role', 'ann', 'two', 'dev', 'SpaceDeveloper')
    await cf.run('unset-org-role', 'ann', 'two', 'OrgManager')
    expect(await cf.run('space-users', 'two', 'dev')).not.toContain('ann')
    await cf.run('create-org-quota', 'small', '-m', '1G', '-r', '7', '--allow-paid-service-plans')
    await cf.run('update-org-quota', 'small', '-m', '2G', '-n', 'bigger')
    expect(await cf.run('org-quota', 'bigger')).toMatch(/total memory:\s+2G[\s\S]*routes:\s+7\n[\s\S]*plans:\s+allowed/)
    await cf.run('set-org-quota', 'two', 'bigger')
    expect(await cf.run('org', 'two')).toMatch(/quota:\s+bigger/)
    await cf.run('set-running-environment-variable-group', '{"EVERYWHERE":"yes"}')
    expect(await cf.run('running-environment-variable-group')).toMatch(/EVERYWHERE\s+yes/)
    await cf.run('set-running-environment-variable-group', '{}')
    await cf.run('target', '-o', 'two', '-s', 'dev')
    await cf.run('create-space-quota', 'tiny', '-m', '64M')
    await cf.run('set-space-quota', 'dev', 'tiny')
    await cf.run('update-space-quota', 'tiny', '-m', '65M')
    expect(await cf.run('space-quotas')).toMatch(/tiny\s+65M/)
    writeFileSync(join(cf.home, 'q.tgz'), dropletOf({ 'a.sh': 'true\n' }))
    await cf.run('push', 'held', '--no-start', '--no-route', '--droplet', 'q.tgz')
    expect(await cf.refused('run-task', 'held', '-c', 'true', '-m', '66M')).toContain(
      'memory_in_mb exceeds space memory quota',
    )
    await cf.run('unset-space-quota', 'dev', 'tiny')
    expect((await cf.runTask('held', '-c', 'true', '-m', '66M')).state).toBe('SUCCEEDED')
    await cf.run('delete-space-quota', 'tiny', '-f')
    await cf.run('delete-user', 'ann', '-f')
    await cf.run('delete-space', 'dev', '-f')
    await cf.run('delete-org', 'two', '-f')
    await cf.run('delete-org-quota', 'bigger', '-f')
    expect(await cf.run('org-quotas')).not.toContain('bigger')
    await cf.run('target', '-o', 'default', '-s', 'default')
  }, 120_000)

  test('who only looks on sees apps and tasks, no commands, and starts none', async () => {
    writeFileSync(join(cf.home, 'seen.tgz'), dropletOf({ 'a.sh': 'true\n' }))
    await cf.run('push', 'seen', '--no-start', '--no-route', '--droplet', 'seen.tgz')
    await cf.runTask('seen', '-c', 'echo secret', '--name', 'looked-at')
    await cf.run('create-user', 'eve', 'pw')
    await cf.run('set-space-role', 'eve', 'default', 'default', 'SpaceAuditor')
    const eve = await CfCommand.loggedIn(program!, { ...world, username: 'eve', password: 'pw' })
    try {
      expect(await eve.run('tasks', 'seen')).toMatch(/looked-at\s+SUCCEEDED\s+.*\[hidden\]/)
      expect(await eve.refused('run-task', 'seen', '-c', 'true')).toContain('You are not authorized')
    } finally {
      eve.end()
    }
    await cf.run('delete', 'seen', '-f')
  }, 120_000)

  test.skipIf(!isV8)(
    'run-task --wait says how the task ended',
    async () => {
      writeFileSync(join(cf.home, 'w.tgz'), dropletOf({ 'a.sh': 'true\n' }))
      await cf.run('push', 'waited', '--no-start', '--no-route', '--droplet', 'w.tgz')
      expect(await cf.run('run-task', 'waited', '-c', 'true', '--wait')).toContain('OK')
      expect(await cf.refused('run-task', 'waited', '-c', 'exit 3', '--wait')).toContain('Task failed to complete')
      await cf.run('delete', 'waited', '-f')
    },
    120_000,
  )
})
