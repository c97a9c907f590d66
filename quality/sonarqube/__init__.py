"""What a SonarQube server, or SonarQube Cloud, says about a project, in our words."""
