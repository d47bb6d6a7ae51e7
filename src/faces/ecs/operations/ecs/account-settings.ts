import type { Document } from '../../../../core/ports/store.ts'
import { allDocuments, put } from '../../../kit/documents.ts'
import { COLLECTIONS } from '../../documents.ts'
import { invalidParameter } from '../../errors.ts'
import { type Call, operation } from '../../operation.ts'
import { pageOfNames, pageSize } from '../../wire/page-token.ts'
import { flag, integer, oneOf, structure, text } from '../../wire/shape.ts'

/** Names and what holds without a setting (ECS developer guide, "Account settings"). */
const DEFAULTS = {
  awsvpcTrunking: 'disabled',
  containerInsights: 'disabled',
  containerInstanceLongArnFormat: 'enabled',
  defaultLogDriverMode: 'non-blocking',
  fargateEventWindows: 'disabled',
  fargateFIPSMode: 'disabled',
  fargateTaskRetirementWaitPeriod: '7',
  guardDutyActivate: 'off',
  serviceLongArnFormat: 'enabled',
  tagResourceAuthorization: 'off',
  taskLongArnFormat: 'enabled',
} as const
type SettingName = keyof typeof DEFAULTS
const NAMES = Object.keys(DEFAULTS) as readonly SettingName[]
const nameShape = oneOf(...NAMES)

interface Setting {
  readonly name: SettingName
  readonly value: string
  /** `''` for the account's default. */
  readonly principalArn: string
}

const listInput = structure({
  name: nameShape,
  value: text,
  principalArn: text,
  effectiveSettings: flag,
  maxResults: integer,
  nextToken: text,
})
const putInput = structure({ name: nameShape, value: text, principalArn: text })
const putDefaultInput = structure({ name: nameShape, value: text })
const deleteInput = structure({ name: nameShape, principalArn: text })

const ownArn = (call: Call): string => `arn:aws:iam::${call.home.account}:user/${call.principal.id}`
const keyOf = (name: SettingName, principal: string): string => `${name} ${principal}`

export const listAccountSettings = operation('ListAccountSettings', listInput, async (call, given) => {
  const principal = given.principalArn ?? ownArn(call)
  const kept: readonly Document<Setting>[] = await allDocuments(call.engine, call.tenant, COLLECTIONS.accountSetting)
  const own = kept.map((d) => d.body).filter((s) => s.principalArn === principal)
  const shown = given.effectiveSettings
    ? NAMES.map((name) =>
        effective(
          name,
          principal,
          kept.map((d) => d.body),
        ),
      )
    : own
  const wanted = shown.filter(
    (s) => (!given.name || s.name === given.name) && (!given.value || s.value === given.value),
  )
  const byName = new Map(wanted.map((s) => [s.name as string, s]))
  const limit = pageSize(given.maxResults, given.effectiveSettings || given.maxResults ? 10 : 100)
  const { names, nextToken } = pageOfNames('settings', [...byName.keys()].sort(), limit, given.nextToken)
  return { settings: names.map((name) => present(byName.get(name)!)), ...(nextToken && { nextToken }) }
})

function effective(name: SettingName, principalArn: string, kept: readonly Setting[]): Setting {
  const find = (principal: string): Setting | undefined =>
    kept.find((s) => s.name === name && s.principalArn === principal)
  return { name, value: (find(principalArn) ?? find(''))?.value ?? DEFAULTS[name], principalArn }
}

const present = (s: Setting): object => ({ ...s, type: 'user' })

export const putAccountSetting = operation('PutAccountSetting', putInput, (call, given) =>
  save(call, given.name, given.value, given.principalArn ?? ownArn(call)),
)

export const putAccountSettingDefault = operation('PutAccountSettingDefault', putDefaultInput, (call, given) =>
  save(call, given.name, given.value, ''),
)

async function save(
  call: Call,
  name: SettingName | undefined,
  value: string | undefined,
  principalArn: string,
): Promise<object> {
  if (name === undefined || !value) throw invalidParameter('name and value must not be null')
  const allowed = name.endsWith('LongArnFormat') ? ['enabled', 'disabled'] : undefined
  if (allowed && !allowed.includes(value)) throw invalidParameter(`value should be one of [${allowed.join(',')}]`)
  const setting: Setting = { name, value, principalArn }
  await call.engine.saveDocuments([put(call.tenant, COLLECTIONS.accountSetting, keyOf(name, principalArn), setting)])
  return { setting: present({ ...setting, principalArn: principalArn || `arn:aws:iam::${call.home.account}:root` }) }
}

export const deleteAccountSetting = operation('DeleteAccountSetting', deleteInput, async (call, given) => {
  if (given.name === undefined) throw invalidParameter('name must not be null')
  const principalArn = given.principalArn ?? ownArn(call)
  const key = keyOf(given.name, principalArn)
  await call.engine.saveDocuments([
    { kind: 'document.delete', tenant: call.tenant, collection: COLLECTIONS.accountSetting, key },
  ])
  return { setting: present({ name: given.name, value: DEFAULTS[given.name], principalArn }) }
})
