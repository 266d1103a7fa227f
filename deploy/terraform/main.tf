# One function of a release behind an HTTP API. For another provider, set var.provider_name and
# var.secret, and var.profiles_secret if it has profiles, and add the settings that docs/settings.md
# requires of it to the function's environment. Each provider needs a folder of its own:
# in the same folder, another provider would replace the first.
#
#   terraform init
#   terraform apply -var release=/path/of/the/release -var secret=voicemint/cartesia \
#     -var session_issuer=https://issuer.example.com -var session_audience=my-app \
#     -var 'allowed_origins=["https://app.example.com"]'

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "release" {
  type        = string
  description = "The folder with the files of the release"
}

variable "provider_name" {
  type        = string
  default     = "cartesia"
  description = "The voice provider, as in the name of the zip"
}

variable "architecture" {
  type    = string
  default = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Releases have zips for arm64 and x86_64."
  }
}

variable "secret" {
  type        = string
  description = "The name of the secret that holds the provider's API key"
}

variable "profiles_secret" {
  type        = string
  default     = ""
  description = "The name of the secret with the profiles of elevenlabs-agents, gemini, openai or livekit (docs/profiles.md)"
}

variable "session_issuer" {
  type = string
}

variable "session_audience" {
  type = string
}

variable "allowed_origins" {
  type        = list(string)
  description = "The origins of the pages that may call"
}

locals {
  name = "voicemint-${var.provider_name}"
  zip  = "${var.release}/${local.name}-${var.architecture}.zip"
  path = "/${var.provider_name}/token"
}

data "aws_secretsmanager_secret" "api_key" {
  name = var.secret
}

data "aws_secretsmanager_secret" "profiles" {
  count = var.profiles_secret == "" ? 0 : 1
  name  = var.profiles_secret
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/voicemint/${var.provider_name}"
  retention_in_days = 30
}

# The counts of the limit of each user: docs/limits.md.
resource "aws_dynamodb_table" "limits" {
  name         = "${local.name}-limits"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "exp"
    enabled        = true
  }
}

resource "aws_iam_role" "function" {
  name_prefix = "${local.name}-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "function"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = concat([data.aws_secretsmanager_secret.api_key.arn], data.aws_secretsmanager_secret.profiles[*].arn)
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
      {
        Effect    = "Allow"
        Action    = "dynamodb:UpdateItem"
        Resource  = aws_dynamodb_table.limits.arn
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["${var.provider_name}#*"] } }
      },
    ]
  })
}

resource "aws_lambda_function" "function" {
  function_name    = local.name
  role             = aws_iam_role.function.arn
  filename         = local.zip
  source_code_hash = filebase64sha256(local.zip)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 256
  timeout          = 10

  environment {
    variables = {
      API_KEY_SECRET_ID  = data.aws_secretsmanager_secret.api_key.arn
      PROFILES_SECRET_ID = var.profiles_secret
      SESSION_ISSUER     = var.session_issuer
      SESSION_AUDIENCE   = var.session_audience
      ALLOWED_ORIGINS    = join(",", var.allowed_origins)
      RATE_LIMIT         = "60/minute"
      LIMIT_TABLE        = aws_dynamodb_table.limits.name
    }
  }

  logging_config {
    log_format = "Text" # each line is JSON already
    log_group  = aws_cloudwatch_log_group.function.name
  }

  depends_on = [aws_iam_role_policy.function]
}

# No CORS settings: the function answers preflights and knows the origins.
resource "aws_apigatewayv2_api" "api" {
  name          = local.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "token" {
  api_id    = aws_apigatewayv2_api.api.id
  route_key = "ANY ${local.path}"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 200
  }
}

resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*/*${local.path}"
}

output "url" {
  value = "${aws_apigatewayv2_api.api.api_endpoint}${local.path}"
}
