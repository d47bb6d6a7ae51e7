// A journey with go-cfclient v3 and with go-log-cache, the library that the cf CLI itself reads logs with. Prints what it
// saw as one JSON object; test/journeys/cloudfoundry-go-clients.test.ts says what that must be.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	logcache "code.cloudfoundry.org/go-log-cache/v3"
	"code.cloudfoundry.org/go-log-cache/v3/rpc/logcache_v1"
	"code.cloudfoundry.org/go-loggregator/v10/rpc/loggregator_v2"
	"github.com/cloudfoundry/go-cfclient/v3/client"
	"github.com/cloudfoundry/go-cfclient/v3/config"
	"github.com/cloudfoundry/go-cfclient/v3/operation"
	"github.com/cloudfoundry/go-cfclient/v3/resource"
)

var ctx, cancel = context.WithTimeout(context.Background(), 2*time.Minute)

func main() {
	defer cancel()
	url, username, password := os.Args[1], os.Args[2], os.Args[3]
	settings := must(config.New(url, config.UserPassword(username, password)))
	cf := must(client.New(settings))
	seen := map[string]any{}
	app := push(cf)
	seen["app"] = []any{app.Name, app.State}
	seen["stats"] = len(must(cf.Processes.GetStatsForApp(ctx, app.GUID, "web")).Stats)
	tasks(cf, app.GUID, seen)
	services(cf, app, seen)
	droplets(cf, app, seen)
	roles(cf, seen)
	quotas(cf, seen)
	events(cf, app.GUID, seen)
	seen["logs"] = follow(url, settings.HTTPAuthClient(), app.GUID)
	job := must(cf.Applications.Delete(ctx, app.GUID))
	check(cf.Jobs.PollComplete(ctx, job, nil))
	_, err := cf.Applications.Get(ctx, app.GUID)
	seen["deleted"] = resource.IsResourceNotFoundError(err)
	check(json.NewEncoder(os.Stdout).Encode(seen))
}

func push(cf *client.Client) *resource.App {
	var bits bytes.Buffer
	archive := zip.NewWriter(&bits)
	file := must(archive.Create("run.sh"))
	must(file.Write([]byte("echo started; exit ${CODE:-0}\n")))
	check(archive.Close())
	manifest := &operation.AppManifest{Name: "go", NoRoute: true, Buildpacks: []string{"binary_buildpack"}}
	manifest.Command = "sh run.sh"
	manifest.Memory = "64M"
	return must(operation.NewAppPushOperation(cf, "default", "default").Push(ctx, manifest, &bits))
}

func tasks(cf *client.Client, app string, seen map[string]any) {
	web := must(cf.Processes.FirstForApp(ctx, app, nil))
	create := resource.NewTaskCreateWithProcessTemplate(web.GUID)
	create.Name = ptr("templated")
	create.Metadata = resource.NewMetadata().WithLabel("", "kind", "batch").WithAnnotation("", "why", "shown")
	templated := ended(cf, must(cf.Tasks.Create(ctx, app, create)))
	seen["templated"] = []any{templated.SequenceID, templated.Command, templated.State, templated.MemoryInMB, templated.Result.FailureReason == nil}
	failing := resource.NewTaskCreateWithCommand("exit 3")
	failing.Name = ptr("failing")
	failed := ended(cf, must(cf.Tasks.Create(ctx, app, failing)))
	seen["failed"] = []any{failed.State, *failed.Result.FailureReason}
	long := must(cf.Tasks.Create(ctx, app, resource.NewTaskCreateWithCommand("sleep 60")))
	seen["cancelled"] = must(cf.Tasks.Cancel(ctx, long.GUID)).State
	seen["reason"] = *ended(cf, long).Result.FailureReason
	_, err := cf.Tasks.Cancel(ctx, long.GUID)
	seen["refused"] = resource.IsUnprocessableEntityError(err)
	options := client.NewTaskListOptions()
	options.PerPage = 2
	numbers := []int{}
	for _, task := range must(cf.Tasks.ListForAppAll(ctx, app, options)) {
		numbers = append(numbers, task.SequenceID)
	}
	seen["numbers"] = numbers
	labelled := client.NewTaskListOptions()
	labelled.LabelSel = client.LabelSelector{}
	labelled.LabelSel.EqualTo("kind", "batch")
	seen["labelled"] = must(cf.Tasks.Single(ctx, labelled)).Name
	update := &resource.TaskUpdate{Metadata: resource.NewMetadata().WithLabel("", "kind", "other")}
	seen["relabelled"] = *must(cf.Tasks.Update(ctx, templated.GUID, update)).Metadata.Labels["kind"]
}

func ended(cf *client.Client, task *resource.Task) *resource.Task {
	for task.State != "SUCCEEDED" && task.State != "FAILED" {
		time.Sleep(50 * time.Millisecond)
		task = must(cf.Tasks.Get(ctx, task.GUID))
	}
	return task
}

func services(cf *client.Client, app *resource.App, seen map[string]any) {
	create := resource.NewServiceInstanceCreateUserProvided("db", app.Relationships.Space.Data.GUID)
	credentials := json.RawMessage(`{"uri":"postgres://u@h/d"}`)
	create.Credentials = &credentials
	db := must(cf.ServiceInstances.CreateUserProvided(ctx, create))
	bind := resource.NewServiceCredentialBindingCreateApp(db.GUID, app.GUID)
	_, binding, err := cf.ServiceCredentialBindings.Create(ctx, bind)
	check(err)
	_, apps, err := cf.ServiceCredentialBindings.ListIncludeAppsAll(ctx, nil)
	check(err)
	seen["bound"] = []any{binding.Type, apps[0].Name}
	must(cf.Applications.SetEnvironmentVariables(ctx, app.GUID, map[string]*string{"CODE": ptr("5")}))
	environment := must(cf.Applications.GetEnvironment(ctx, app.GUID))
	seen["environment"] = []any{environment.EnvVars["CODE"], strings.Contains(string(environment.SystemEnvVars["VCAP_SERVICES"]), "postgres://u@h/d")}
	run := must(cf.Tasks.Create(ctx, app.GUID, resource.NewTaskCreateWithCommand("echo $DATABASE_URL; sh run.sh")))
	seen["withEnvironment"] = *ended(cf, run).Result.FailureReason == "APP/TASK/"+run.Name+": Exited with status 5"
}

func droplets(cf *client.Client, app *resource.App, seen map[string]any) {
	current := must(cf.Droplets.GetCurrentForApp(ctx, app.GUID))
	bytes := must(io.ReadAll(must(cf.Droplets.Download(ctx, current.GUID))))
	other := must(cf.Applications.Create(ctx, resource.NewAppCreate("other", app.Relationships.Space.Data.GUID)))
	copied := resource.NewDropletCreate(other.GUID)
	made := must(cf.Droplets.Create(ctx, copied))
	_, _, err := cf.Droplets.Upload(ctx, made.GUID, strings.NewReader(string(bytes)))
	check(err)
	for made.State != "STAGED" {
		time.Sleep(50 * time.Millisecond)
		made = must(cf.Droplets.Get(ctx, made.GUID))
	}
	must(cf.Droplets.SetCurrentAssociationForApp(ctx, other.GUID, made.GUID))
	run := must(cf.Tasks.Create(ctx, other.GUID, resource.NewTaskCreateWithCommand("sh run.sh")))
	seen["reuploaded"] = ended(cf, run).State
	pkg := must(cf.Packages.FirstForApp(ctx, app.GUID, nil))
	again := must(cf.Packages.Copy(ctx, pkg.GUID, other.GUID))
	build := must(cf.Builds.Create(ctx, resource.NewBuildCreate(again.GUID)))
	check(cf.Builds.PollStaged(ctx, build.GUID, &client.PollingOptions{Timeout: time.Minute, CheckInterval: 50 * time.Millisecond, FailedState: "FAILED"}))
	seen["copied"] = must(cf.Builds.Get(ctx, build.GUID)).State
}

func roles(cf *client.Client, seen map[string]any) {
	org := must(cf.Organizations.First(ctx, nil))
	space := must(cf.Spaces.First(ctx, nil))
	user := must(cf.Users.First(ctx, nil))
	must(cf.Roles.CreateOrganizationRole(ctx, org.GUID, user.GUID, resource.OrganizationRoleUser))
	role := must(cf.Roles.CreateSpaceRole(ctx, space.GUID, user.GUID, resource.SpaceRoleAuditor))
	listed, users, err := cf.Roles.ListIncludeUsersAll(ctx, nil)
	check(err)
	seen["roles"] = []any{len(listed), len(users), must(cf.Roles.Get(ctx, role.GUID)).Type}
	job := must(cf.Roles.Delete(ctx, role.GUID))
	check(cf.Jobs.PollComplete(ctx, job, nil))
}

func quotas(cf *client.Client, seen map[string]any) {
	org := must(cf.Organizations.First(ctx, nil))
	seen["quota"] = must(cf.OrganizationQuotas.Get(ctx, org.Relationships.Quota.Data.GUID)).Name
	quota := must(cf.OrganizationQuotas.Create(ctx, resource.NewOrganizationQuotaCreate("small").WithPerAppTasks(7)))
	seen["given"] = len(must(cf.OrganizationQuotas.Apply(ctx, quota.GUID, []string{org.GUID})))
}

func events(cf *client.Client, app string, seen map[string]any) {
	usage := map[string]int{}
	for _, event := range must(cf.AppUsageEvents.ListAll(ctx, nil)) {
		usage[event.State.Current]++
	}
	seen["usage"] = usage["TASK_STARTED"] == usage["TASK_STOPPED"] && usage["TASK_STARTED"] > 0
	audit := map[string]int{}
	for _, event := range must(cf.AuditEvents.ListAll(ctx, nil)) {
		if event.Target.GUID == app {
			audit[event.Type]++
		}
	}
	seen["audit"] = []int{audit["audit.app.task.create"], audit["audit.app.task.cancel"]}
}

// As `cf logs` does it: the newest envelope, then walking on from the beginning of what is looked for.
func follow(url string, http *http.Client, app string) map[string]int {
	cache := logcache.NewClient(url, logcache.WithHTTPClient(http))
	must(cache.LogCacheVersion(ctx))
	must(cache.Meta(ctx))
	newest := must(cache.Read(ctx, app, time.Time{}, logcache.WithEnvelopeTypes(logcache_v1.EnvelopeType_LOG), logcache.WithLimit(1), logcache.WithDescending()))
	if len(newest) != 1 {
		panic(fmt.Sprintf("%d newest envelopes", len(newest)))
	}
	lines := map[string]int{}
	last := int64(0)
	logcache.Walk(ctx, app, func(batch []*loggregator_v2.Envelope) bool {
		for _, envelope := range batch {
			if envelope.Timestamp <= last {
				panic("an envelope again, or out of order")
			}
			last = envelope.Timestamp
			line, _, _ := strings.Cut(envelope.Tags["source_type"]+" "+string(envelope.GetLog().Payload), " (")
			lines[line]++
		}
		return true
	}, cache.Read, logcache.WithWalkLimit(3), logcache.WithWalkEnvelopeTypes(logcache_v1.EnvelopeType_LOG))
	return map[string]int{
		"started": lines["APP/TASK/templated started"],
		"exit":    lines["APP/TASK/templated Exit status 0"],
		"failed":  lines["APP/TASK/failing Exit status 3"],
		"staging": lines["STG Unpacking the app"],
	}
}

func ptr[T any](value T) *T { return &value }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
