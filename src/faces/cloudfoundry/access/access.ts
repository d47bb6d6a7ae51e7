/**
 * Who may see and do what (Cloud Controller's permission tables, reference 1.8). Roles are looked up once per request,
 * and only for callers whose scopes do not already say everything.
 */
import type { Caller } from '../auth.ts'
import { COLLECTIONS, type Org, type Role, type RoleType } from '../documents.ts'
import { beingDeleted, notAuthorized, orgSuspended } from '../errors.ts'
import type { Records } from '../records.ts'
import { isBeingDeleted } from './being-deleted.ts'

const READS_SPACE: readonly RoleType[] = ['space_developer', 'space_manager', 'space_auditor', 'space_supporter']

/** Where something lives. */
export interface Place {
  readonly space: string
  readonly org: string
}

export class Access {
  readonly #caller: Caller
  readonly #records: Records
  #roles: Promise<readonly Role[]> | undefined

  constructor(caller: Caller, records: Records) {
    this.#caller = caller
    this.#records = records
  }

  get isAdmin(): boolean {
    return this.#caller.scopes.includes('cloud_controller.admin')
  }

  /** Sees everything, changes nothing. */
  get isGlobalReader(): boolean {
    return this.isAdmin || this.#readsAllSecrets || this.#caller.scopes.includes('cloud_controller.global_auditor')
  }

  get #readsAllSecrets(): boolean {
    return this.isAdmin || this.#caller.scopes.includes('cloud_controller.admin_read_only')
  }

  /** Throws CF-NotAuthorized unless the token's scope covers the method. */
  checkScope(method: string): void {
    const { scopes } = this.#caller
    const reads = method === 'GET' || method === 'HEAD'
    if (this.isAdmin || (reads && this.isGlobalReader)) return
    if (!scopes.includes(reads ? 'cloud_controller.read' : 'cloud_controller.write')) throw notAuthorized()
  }

  checkAdmin(): void {
    if (!this.isAdmin) throw notAuthorized()
  }

  async canReadOrg(org: string): Promise<boolean> {
    return this.isGlobalReader || (await this.roles()).some((role) => role.org === org)
  }

  async canManageOrg(org: string): Promise<boolean> {
    return this.isAdmin || (await this.#has(['organization_manager'], (role) => role.org === org))
  }

  async canReadSpace(place: Place): Promise<boolean> {
    if (this.isGlobalReader) return true
    if (await this.#has(['organization_manager'], (role) => role.org === place.org)) return true
    return this.#has(READS_SPACE, (role) => role.space === place.space)
  }

  /** Commands and environments. */
  async canReadSecrets(place: Place): Promise<boolean> {
    return this.#readsAllSecrets || (await this.#has(['space_developer'], (role) => role.space === place.space))
  }

  async canWriteSpace(place: Place): Promise<boolean> {
    return this.isAdmin || (await this.#has(['space_developer'], (role) => role.space === place.space))
  }

  /** Start, stop and cancel, which supporters may as well. */
  async canManageApps(place: Place): Promise<boolean> {
    const may: readonly RoleType[] = ['space_developer', 'space_supporter']
    return this.isAdmin || (await this.#has(may, (role) => role.space === place.space))
  }

  async canManageSpace(place: Place): Promise<boolean> {
    if (await this.canManageOrg(place.org)) return true
    return this.#has(['space_manager'], (role) => role.space === place.space)
  }

  async checkWriteSpace(place: Place): Promise<void> {
    if (!(await this.canWriteSpace(place))) throw notAuthorized()
    await this.#checkOpen(place)
  }

  async checkManageApps(place: Place): Promise<void> {
    if (!(await this.canManageApps(place))) throw notAuthorized()
    await this.#checkOpen(place)
  }

  /** Those of the caller. */
  roles(): Promise<readonly Role[]> {
    this.#roles ??= this.#records.all<Role>(COLLECTIONS.role, { name: 'user', value: this.#caller.id })
    return this.#roles
  }

  async #has(types: readonly RoleType[], where: (role: Role) => boolean): Promise<boolean> {
    return (await this.roles()).some((role) => types.includes(role.type) && where(role))
  }

  /** Whether anything may be changed there now, whoever asks. */
  async #checkOpen(place: Place): Promise<void> {
    const { tenant } = this.#records
    if (isBeingDeleted(tenant, place.org)) throw beingDeleted('organization')
    if (isBeingDeleted(tenant, place.space)) throw beingDeleted('space')
    if (this.isAdmin) return
    const org = await this.#records.find<Org>(COLLECTIONS.org, place.org)
    if (org?.suspended) throw orgSuspended()
  }
}
