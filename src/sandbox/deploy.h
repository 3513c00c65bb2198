/* The deploy, rollback and release-list commands of a sandbox: what its greenboard.json
 * runs, in its directory. */
#ifndef GREENBOARD_SANDBOX_DEPLOY_H
#define GREENBOARD_SANDBOX_DEPLOY_H

#define DEPLOY_COMMAND   "deploy-command"
#define ROLLBACK_COMMAND "rollback-command"
#define RELEASES_COMMAND "releases-command"

/* All return an exit status. */
int deploy_run(void);
int deploy_roll_back(const char *release);
int deploy_list(void);

#endif
