"""What an error of Dropbox means, in the user's words, and what to do."""

from ..tools.verdicts import Action

FULL = ("insufficient_space", "team_folder_insufficient_space")
FULL += ("member_folder_insufficient_space",)


def text_of(env, verdict):
    """Return a sentence or two for a verdict of the table.

    :param Verdict verdict:
    """
    texts = {
        "throttled": env._(
            "Dropbox asks to wait. The copying goes on by itself afterwards."
        ),
        "unreachable": env._(
            "Dropbox cannot be reached. The copying goes on by itself when it can."
        ),
        "service_error": env._(
            "Dropbox has a problem of its own. The copying goes on by itself."
        ),
        "odd_answer": env._(
            "The answer was not one of Dropbox. If this stays, look for a proxy or a "
            "firewall between the server and Dropbox."
        ),
        "refused": env._(
            "Dropbox refused the call. The administrator finds the detail in the "
            "transfer."
        ),
        "unknown": env._(
            "Dropbox refused it and gave no reason that is known. The administrator "
            "finds Dropbox's own words in the technical detail."
        ),
        "too_many_write_operations": env._(
            "Something else writes to this Dropbox at the moment. The copying goes on "
            "by itself."
        ),
        "upload_traffic_limit_reached": env._(
            "This Dropbox takes no more uploads for now. The copying goes on by itself."
        ),
        "plan_limit": env._(
            "The plan of this Dropbox allows no more calls this month. Change the "
            "plan, or wait: the copying goes on by itself."
        ),
        "invalid_access_token": env._(
            "Dropbox does not accept the connection any more: somebody has revoked it, "
            "or the account is closed. Connect again in Settings > Dropbox."
        ),
        "user_suspended": env._(
            "This Dropbox account is suspended. Have it reopened by the administrator "
            "of the Dropbox team, then connect again in Settings > Dropbox."
        ),
        "path_root": env._(
            "The account has changed its Dropbox team. Connect again in Settings > "
            "Dropbox."
        ),
        "missing_scope": env._(
            "The Dropbox app lacks a permission. Tick the permissions that Settings > "
            "Dropbox lists in Dropbox's App Console, then connect again."
        ),
        "conflict": env._(
            "Another file lies at this path in Dropbox. Move or rename it there, then "
            "retry."
        ),
        "malformed_path": env._("Dropbox does not take this path."),
        "disallowed_name": env._("Dropbox does not take this file name."),
        "no_write_permission": env._(
            "The account may not write into this folder of Dropbox. Change that in "
            "Dropbox, then retry."
        ),
        "hash_mismatch": env._(
            "What arrived in Dropbox is not what was sent. It is sent again."
        ),
    }
    texts |= dict.fromkeys(
        ("operation_suppressed", "team_folder"),
        env._(
            "Dropbox does not let this be changed at this place. Choose another "
            "folder, or ask the administrator of the Dropbox team."
        ),
    )
    texts |= dict.fromkeys(
        FULL,
        env._(
            "This Dropbox is full. Make room or enlarge it: the copying goes on by "
            "itself within the hour."
        ),
    )
    by_action = {
        Action.RECONNECT: texts["invalid_access_token"],
        Action.CONFIGURATION: env._(
            "The Dropbox app is not set up rightly. Check the app key, the app secret "
            "and the permissions in Settings > Dropbox, then connect again."
        ),
        Action.RESTART: env._("The upload was interrupted. It begins anew."),
        Action.PERMANENT: env._("Dropbox does not take this file."),
    }
    default = by_action.get(verdict.action, texts["service_error"])
    return texts.get(verdict.reason, default)
