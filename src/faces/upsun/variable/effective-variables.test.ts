import { describe, expect, test } from 'vitest'
import type { VariableRecord } from '../documents.ts'
import { effectiveVariables } from './effective-variables.ts'

const variable = (name: string, value: string, more: Partial<VariableRecord> = {}): VariableRecord => ({
  ...{ project: 'p', name, value, isJson: false, isSensitive: false, visibleBuild: true, visibleRuntime: true },
  ...{ isEnabled: true, isInheritable: true, applicationScope: [], attributes: {}, createdAt: 0, updatedAt: 0 },
  ...more,
})
const NONE = { config: {}, project: [], environment: [], run: {} }

describe('variables', () => {
  test('of the run win over the environment’s, those over the project’s, those over the configuration’s', () => {
    const levels = [
      { config: { env: { A: 'config', B: 'config', C: 'config', D: 'config' } } },
      { project: [variable('env:A', 'project'), variable('env:B', 'project'), variable('env:C', 'project')] },
      { environment: [variable('env:A', 'environment'), variable('env:B', 'environment')] },
      { run: { env: { A: 'run' } } },
    ]
    const sources = Object.assign({}, NONE, ...levels) as typeof NONE
    expect(effectiveVariables(sources, 't', 'runtime').env).toEqual({
      ...{ A: 'run', B: 'environment', C: 'project', D: 'config' },
    })
  })

  test('env: names are upper-cased and stay out of PLATFORM_VARIABLES; all others go there, JSON decoded', () => {
    const project = [
      variable('env:foo', '[1]', { isJson: true }),
      variable('x:y', '{"a":1}', { isJson: true }),
      variable('plain', 'v'),
    ]
    const { env, platform } = effectiveVariables({ ...NONE, project }, 't', 'runtime')
    expect(env).toEqual({ FOO: '[1]' })
    expect(platform).toEqual({ 'x:y': { value: { a: 1 } }, plain: { value: 'v' } })
  })

  test('the wrong envelope of a run does not become a Unix variable', () => {
    const { env, platform } = effectiveVariables({ ...NONE, run: { INCIDENT: { value: '{}' } } }, 't', 'runtime')
    expect([env, platform]).toEqual([{}, { 'INCIDENT:value': { value: '{}' } }])
  })

  test('a sensitive one stays the name of its secret; phases, scopes and switches decide who sees one', () => {
    const { value: _value, ...secret } = variable('env:S', '', { isSensitive: true, secret: 'name' })
    const project = [
      secret,
      variable('env:BUILD', '1', { visibleRuntime: false }),
      variable('env:RUN', '1', { visibleBuild: false }),
      variable('env:OTHER', '1', { applicationScope: ['u'] }),
      variable('env:OFF', '1', { isEnabled: false }),
    ]
    expect(effectiveVariables({ ...NONE, project }, 't', 'runtime').env).toEqual({ S: { secret: 'name' }, RUN: '1' })
    expect(effectiveVariables({ ...NONE, project }, 't', 'build').env).toEqual({ S: { secret: 'name' }, BUILD: '1' })
    expect(Object.keys(effectiveVariables({ ...NONE, project }, 'u', 'runtime').env)).toContain('OTHER')
  })
})
