/* The deploy, rollback, repair, release-list and running commands of a sandbox: what its
 * greenboard.json runs, in its directory. */
#ifndef GREENBOARD_SANDBOX_DEPLOY_H
#define GREENBOARD_SANDBOX_DEPLOY_H

#define DEPLOY_COMMAND   "deploy-command"
#define ROLLBACK_COMMAND "rollback-command"
#define REPAIR_COMMAND   "repair-command"
#define RELEASES_COMMAND "releases-command"
#define RUNNING_COMMAND  "running-command" /* what a service runs: `release.running` */

/* All return an exit status. */
int deploy_run(void);
int deploy_roll_back(const char *release);
int deploy_repair(void);
int deploy_list(void);
int deploy_running(void);

#endif
