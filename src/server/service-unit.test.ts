import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SERVER_GROUP } from '../executors/process/probe-cgroups.ts'
import { unitOf } from './service-unit.ts'

test('the unit that the package ships lets tasks outlive a restart and limits them', () => {
  const text = readFileSync(new URL('../../packaging/taskport.service', import.meta.url), 'utf8')
  expect(unitOf('taskport.service', text)).toEqual({
    name: 'taskport.service',
    killMode: 'process',
    delegate: true,
    subgroup: SERVER_GROUP,
  })
})

test('without KillMode systemd ends every process of the unit', () => {
  expect(unitOf('x', '[Unit]\nKillMode=process\n[Service]\n# KillMode=process\n')).toMatchObject({
    killMode: 'control-group',
    delegate: false,
  })
})
