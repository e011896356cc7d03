"""The variables of chat platforms."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot import values
from bot.fields import ProgramFields
from bot.kinds import Routes


class ChatFields(ProgramFields):
    """Slack and Microsoft Teams; the web chat needs none."""

    # Slack
    slack_bot_token: SecretStr = Field(
        SecretStr(""),
        examples=["xoxb-<from OAuth & Permissions>"],
        description="Bot token of the Slack app. Empty means no Slack. With it, SLACK_APP_TOKEN or"
        " SLACK_SIGNING_SECRET is needed.",
    )
    slack_app_token: SecretStr = Field(
        SecretStr(""),
        examples=["xapp-<from Basic Information, App-Level Tokens>"],
        description="App-level token with connections:write. With it the program calls Slack (Socket Mode) and needs"
        " no public address.",
    )
    slack_signing_secret: SecretStr = Field(
        SecretStr(""),
        examples=["<from Basic Information, App Credentials>"],
        description="Proves that a call comes from Slack. Instead of SLACK_APP_TOKEN, where Slack can reach"
        " PUBLIC_URL/slack/events.",
    )
    slack_channel: Annotated[str, AfterValidator(values.channel)] = Field(
        "incidents",
        description="Slack channel in which incidents are announced, by name or id. The bot must be in it:"
        " /invite @On-call agent.",
    )
    slack_routes: Routes = Field(
        (),
        examples=["service=airflow severity>=high -> data-oncall,namespace=payments-* -> payments"],
        description="Which incidents go to which other channel, with commas between. The first route that fits counts;"
        " it compares service, severity, environment, pattern or any name of what broke (namespace, dag_id …).",
    )
    slack_api_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "https://slack.com/api",
        description="Slack's API. GovSlack has https://slack-gov.com/api.",
    )

    # Microsoft Teams
    teams_app_id: Annotated[str, AfterValidator(values.microsoft_id)] = Field(
        "",
        examples=["11111111-2222-3333-4444-555555555555"],
        description="Microsoft App ID of the bot in Azure. Empty means no Teams. With it, TEAMS_APP_PASSWORD and"
        " TEAMS_TENANT_ID are needed, and Teams must reach PUBLIC_URL/api/messages.",
    )
    teams_app_password: SecretStr = Field(
        SecretStr(""),
        examples=["<a client secret of the app registration>"],
        description="Client secret of that app registration; Azure shows it once.",
    )
    teams_tenant_id: Annotated[str, AfterValidator(values.microsoft_id)] = Field(
        "",
        examples=["66666666-7777-8888-9999-000000000000"],
        description="Your company's tenant in Microsoft Entra. Nobody of another one is heard, and only its members are"
        " known by their e-mail address.",
    )
    teams_channel: Annotated[str, AfterValidator(values.channel)] = Field(
        "incidents",
        description="Teams channel in which incidents are announced, by name or id, in a team that has the app.",
    )
    teams_routes: Routes = Field(
        (),
        examples=["service=airflow severity>=high -> data-oncall"],
        description="Which incidents go to which other channel of Teams; written as SLACK_ROUTES.",
    )
    teams_playground: bool = Field(
        default=False,
        description="true serves a client on this machine without an app id, such as the Microsoft 365 Agents"
        " Playground: for trying things out. It refuses to start where others can reach it.",
    )
    teams_openid_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where Microsoft tells the keys by which its calls are known. Government clouds have others, here"
        " and in the next two.",
    )
    teams_issuer: Annotated[str, AfterValidator(values.open_address)] = Field(
        "https://api.botframework.com",
        description="In whose name Microsoft calls; the bot's own token is for this one, too.",
    )
    teams_login_url: Annotated[str, AfterValidator(values.open_address)] = Field(
        "https://login.microsoftonline.com",
        description="Where the bot gets its own token.",
    )
