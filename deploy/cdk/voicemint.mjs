// One function of a release behind an HTTP API, as a stack of its own. For another provider, change
// the constants, and add the settings that docs/settings.md requires of it.
//
//   npm install aws-cdk-lib@2.276.0 constructs@10.7.1
//   npx aws-cdk@2 bootstrap aws://123456789012/eu-central-1   (your account and region; once for each)
//   RELEASE_DIR=/path/of/the/release npx aws-cdk@2 deploy --app 'node voicemint.mjs'

import { join } from "node:path";

import { App, CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";

const provider = "cartesia"; // as in the name of the zip
const secretName = "voicemint/cartesia"; // holds the provider's API key
const profilesSecretName = ""; // required for elevenlabs-agents, gemini, openai and livekit: docs/profiles.md
const architecture = Architecture.ARM_64;
const settings = {
  SESSION_ISSUER: "https://issuer.example.com",
  SESSION_AUDIENCE: "my-app",
  ALLOWED_ORIGINS: "https://app.example.com",
  RATE_LIMIT: "60/minute",
};

const app = new App();
const stack = new Stack(app, `voicemint-cdk-${provider}`);

const secret = Secret.fromSecretNameV2(stack, "Secret", secretName);
const logGroup = new LogGroup(stack, "Logs", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
// The counts of the limit of each user: docs/limits.md.
const table = new Table(stack, "Limits", {
  partitionKey: { name: "pk", type: AttributeType.STRING },
  timeToLiveAttribute: "exp",
  billingMode: BillingMode.PAY_PER_REQUEST,
  removalPolicy: RemovalPolicy.DESTROY,
});

// A role of its own: the one that CDK makes may create and read any log group.
const role = new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
secret.grantRead(role);
if (profilesSecretName) Secret.fromSecretNameV2(stack, "Profiles", profilesSecretName).grantRead(role);
logGroup.grantWrite(role);
role.addToPolicy(new PolicyStatement({
  actions: ["dynamodb:UpdateItem"],
  resources: [table.tableArn],
  conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${provider}#*`] } },
}));

const handler = new Function(stack, "Function", {
  code: Code.fromAsset(join(process.env.RELEASE_DIR ?? ".", `voicemint-${provider}-${architecture.name}.zip`)),
  runtime: Runtime.PROVIDED_AL2023,
  handler: "bootstrap",
  architecture,
  memorySize: 256,
  timeout: Duration.seconds(10),
  role,
  logGroup,
  environment: { ...settings, API_KEY_SECRET_ID: secretName, PROFILES_SECRET_ID: profilesSecretName, LIMIT_TABLE: table.tableName },
});

// No CORS settings: the function answers preflights and knows the origins.
const api = new HttpApi(stack, "Api", { createDefaultStage: false });
api.addStage("Stage", { autoDeploy: true, throttle: { rateLimit: 100, burstLimit: 200 } });
const path = `/${provider}/token`;
api.addRoutes({ path, methods: [HttpMethod.ANY], integration: new HttpLambdaIntegration("Token", handler) });

new CfnOutput(stack, "Url", { value: `${api.apiEndpoint}${path}` });

app.synth();
