"""What GitHub is asked about many repositories at once, in GraphQL; the answer is read by ``github``.

Each repository of a page brings its protection, rulesets, environments, deploy keys and outside collaborators, which
cost a call each over REST. What GraphQL does not have (webhooks, secret scanning) is asked over REST.
"""

from __future__ import annotations

PAGE = 25
"""Repositories of one call: more of them take GitHub longer than the ten seconds that it gives one query."""
INNER = 20
"""Members of each list of a repository that come along; of a longer one the repository is asked by itself."""
MOST_INNER = 100
"""Members that one call may bring."""

_RULE = """
  type
  repositoryRuleset { name enforcement bypassActors(first: 20) { nodes {
    bypassMode organizationAdmin enterpriseOwner deployKey repositoryRoleName
    actor { ... on App { name } ... on Team { name } } } } }
  parameters {
    ... on PullRequestParameters {
      requiredApprovingReviewCount dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval
      requiredReviewThreadResolution }
    ... on RequiredStatusChecksParameters {
      strictRequiredStatusChecksPolicy requiredStatusChecks { context } }
    ... on WorkflowsParameters { workflows { path } }
    ... on CodeScanningParameters { codeScanningTools { tool } }
  }
"""
_CLASSIC = """
  pattern isAdminEnforced requiresApprovingReviews requiredApprovingReviewCount dismissesStaleReviews
  requiresCodeOwnerReviews requireLastPushApproval requiresConversationResolution requiresStatusChecks
  requiresStrictStatusChecks requiredStatusCheckContexts requiresCommitSignatures requiresLinearHistory
  allowsForcePushes allowsDeletions restrictsPushes lockBranch
  bypassPullRequestAllowances(first: 20) { nodes { actor {
    ... on App { name } ... on Team { name } ... on User { login } } } }
"""
REPOSITORY = f"""
fragment Settings on Repository {{
  databaseId name nameWithOwner visibility isArchived isDisabled isFork isTemplate isEmpty pushedAt createdAt
  forkingAllowed webCommitSignoffRequired hasVulnerabilityAlertsEnabled isSecurityPolicyEnabled
  defaultBranchRef {{
    name
    branchProtectionRule {{ {_CLASSIC} }}
    rules(first: 50) {{ nodes {{ {_RULE} }} pageInfo {{ hasNextPage }} }}
  }}
  tagRulesets: rulesets(first: $inner, targets: [TAG]) {{
    nodes {{ name enforcement conditions {{ refName {{ include exclude }} }} rules(first: 20) {{ nodes {{ type }} }} }}
    pageInfo {{ hasNextPage }} }}
  environments(first: $inner) {{
    nodes {{ databaseId name protectionRules(first: 10) {{ nodes {{
      type timeout preventSelfReview
      reviewers(first: 10) {{ nodes {{
        ... on Team {{ databaseId name }} ... on User {{ databaseId login }} }} }} }} }} }}
    pageInfo {{ hasNextPage }} }}
  deployKeys(first: $inner) {{
    nodes {{ id title readOnly createdAt enabled verified }} pageInfo {{ hasNextPage }} }}
  collaborators(affiliation: OUTSIDE, first: $inner) {{
    edges {{ permission node {{ login }} }} pageInfo {{ hasNextPage }} }}
  codeowners {{ errors {{ kind path line }} }}
  owners1: object(expression: "HEAD:.github/CODEOWNERS") {{ ... on Blob {{ text }} }}
  owners2: object(expression: "HEAD:CODEOWNERS") {{ ... on Blob {{ text }} }}
  owners3: object(expression: "HEAD:docs/CODEOWNERS") {{ ... on Blob {{ text }} }}
  dependabot1: object(expression: "HEAD:.github/dependabot.yml") {{ __typename }}
  dependabot2: object(expression: "HEAD:.github/dependabot.yaml") {{ __typename }}
  renovate1: object(expression: "HEAD:renovate.json") {{ __typename }}
  renovate2: object(expression: "HEAD:.github/renovate.json") {{ __typename }}
  workflows: object(expression: "HEAD:.github/workflows") {{ ... on Tree {{ entries {{ name }} }} }}
}}
"""
REPOSITORIES = f"""
query($login: String!, $after: String, $page: Int!, $inner: Int!, $direction: OrderDirection!) {{
  organization(login: $login) {{
    requiresTwoFactorAuthentication ipAllowListEnabledSetting notificationDeliveryRestrictionEnabledSetting isVerified
    samlIdentityProvider {{ ssoUrl }}
    repositories(first: $page, after: $after, orderBy: {{field: NAME, direction: $direction}}) {{
      totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ ...Settings }} }}
  }}
}}
{REPOSITORY}
"""
"""A page of an organisation's repositories, and with it what only GraphQL knows of the organisation."""
ONE = f"""
query($owner: String!, $name: String!, $inner: Int!) {{
  repository(owner: $owner, name: $name) {{ ...Settings }}
}}
{REPOSITORY}
"""
"""One repository, whose lists were longer than a page brings."""
