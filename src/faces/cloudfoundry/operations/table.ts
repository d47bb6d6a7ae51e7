import type { Operation } from '../operation.ts'
import { FEATURE_OPERATIONS } from './app-features.ts'
import { APP_OPERATIONS } from './apps.ts'
import { AUDIT_OPERATIONS } from './audit-events.ts'
import { BUILDPACK_OPERATIONS } from './buildpacks.ts'
import { BUILD_OPERATIONS } from './builds.ts'
import { DROPLET_OPERATIONS } from './droplets.ts'
import { JOB_OPERATIONS } from './jobs.ts'
import { LOG_OPERATIONS } from './log-cache.ts'
import { MANIFEST_OPERATIONS } from './manifests.ts'
import { ORGANIZATION_OPERATIONS } from './organizations.ts'
import { PACKAGE_OPERATIONS } from './packages.ts'
import { PROCESS_OPERATIONS } from './processes.ts'
import { QUOTA_OPERATIONS } from './quotas.ts'
import { REMAINING_OPERATIONS } from './remaining.ts'
import { SERVICE_OPERATIONS } from './services.ts'
import { V2_OPERATIONS } from './services-v2.ts'
import { SETTING_OPERATIONS } from './settings.ts'
import { SPACE_SURROUNDINGS } from './space-surroundings.ts'
import { SPACE_OPERATIONS } from './spaces.ts'
import { TASK_OPERATIONS } from './tasks.ts'
import { USAGE_OPERATIONS } from './usage-events.ts'
import { USER_OPERATIONS } from './users.ts'

/** All that is asked with a token. What is not here is `Unknown request`. */
export const OPERATIONS: readonly Operation[] = [
  ...TASK_OPERATIONS,
  ...APP_OPERATIONS,
  ...FEATURE_OPERATIONS,
  ...PROCESS_OPERATIONS,
  ...PACKAGE_OPERATIONS,
  ...BUILD_OPERATIONS,
  ...BUILDPACK_OPERATIONS,
  ...DROPLET_OPERATIONS,
  ...JOB_OPERATIONS,
  ...MANIFEST_OPERATIONS,
  ...ORGANIZATION_OPERATIONS,
  ...SPACE_OPERATIONS,
  ...SPACE_SURROUNDINGS,
  ...USER_OPERATIONS,
  ...QUOTA_OPERATIONS,
  ...SERVICE_OPERATIONS,
  ...V2_OPERATIONS,
  ...SETTING_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...USAGE_OPERATIONS,
  ...LOG_OPERATIONS,
  ...REMAINING_OPERATIONS,
]
