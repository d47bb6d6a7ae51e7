import { asTenant } from '../core/identity.ts'

/** Owner of what belongs to the installation itself. No principal of a face ever has it. */
export const SYSTEM_TENANT = asTenant('taskport')
